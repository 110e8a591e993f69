/**
 * The service as systemd and other inits start it.
 *
 * @module
 */
import { COMMAND, PROGRAM } from "./places.ts";

/** What systemd is told; the same for every machine. */
export const UNIT_TEXT = `# Made by \`sluice service install\`.
[Unit]
Description=Sluice, for jobs of runners without sudo

[Service]
ExecStart=${COMMAND} service run
Restart=always
RestartSec=1
# The guard of a job goes on while this is started anew.
KillMode=process

[Install]
WantedBy=multi-user.target
`;

/**
 * The script that starts the copy, whoever runs it.
 *
 * @param command Of the copy.
 */
export function startScript(command: readonly string[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const environment = [
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL=C.UTF-8",
    "NO_COLOR=1",
    "DENO_NO_UPDATE_CHECK=1",
    `DENO_DIR=${PROGRAM}/cache`,
  ];
  return `#!/bin/sh
# Made by \`sluice service install\`.
cd ${PROGRAM} || exit 3
exec /usr/bin/env -i ${environment.join(" ")} \\
  ${command.map(quote).join(" ")} "$@"
`;
}
