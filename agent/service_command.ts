/**
 * `sluice service`: for machines whose runner has no sudo.
 *
 * @module
 */
import type { Context } from "./context.ts";
import { type Options, usage } from "./options.ts";
import { installService } from "./service/install.ts";
import { listenerPid } from "./service/listener.ts";
import { hooksInPlace } from "./service/hooks.ts";
import { COMMAND, OWNER_POLICY } from "./service/places.ts";
import { readRecord } from "./service/record.ts";
import { removeService } from "./service/remove.ts";
import { runService } from "./service/service_daemon.ts";

const ACTS: Readonly<
  Record<
    string,
    (context: Context, options: Options) => number | Promise<number>
  >
> = {
  install: installService,
  remove: removeService,
  status: tellService,
  run: runService,
};

/**
 * Does what its one operand says.
 *
 * @returns The exit code.
 * @throws {AgentError} `usage`, `service_refused`, `not_root`.
 */
export async function service(
  context: Context,
  options: Options,
): Promise<number> {
  const { operands, flags } = options;
  const [act = ""] = operands;
  if (act !== "install" && (flags.policy ?? flags.runner) !== undefined) {
    throw usage(
      `\`sluice service ${act}\` takes no --policy and no --runner`,
      "Give them to `sluice service install`",
    );
  }
  if (operands.length === 1 && Object.hasOwn(ACTS, act)) {
    return await ACTS[act]!(context, options);
  }
  throw usage(
    `\`sluice service\` is for ${JSON.stringify(operands)}`,
    `Give one of ${Object.keys(ACTS).join(", ")}`,
  );
}

function tellService({ libc }: Context): number {
  const installed = readRecord(libc);
  const pid = listenerPid(libc);
  const runners = hooksInPlace(libc);
  const status = {
    command: installed === null ? null : COMMAND,
    systemd: installed?.unit ?? false,
    pid,
    policy: runners.length === 0 ? null : OWNER_POLICY,
    runners,
  };
  console.log(JSON.stringify(status));
  return pid === null ? 1 : 0;
}
