/**
 * Attempts to become root, as a step of the job could make them.
 *
 * @module
 */
import type { AsUser } from "./as_user.ts";
import { canAccess } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { ToolResult } from "../../../ffi/tools.ts";

const ID = ["/usr/bin/id", "-u"];

/** Enough for polkitd to read a rule that is new. */
const RELOAD_MS = 3000;
const PAUSE_MS = 50;

interface Attempt {
  readonly command: readonly string[];
  /** What it says when it has succeeded; default: root's number. */
  readonly isOpen?: (result: ToolResult) => boolean;
  /** For as long it may take. */
  readonly seconds?: number;
  /** Whether what closes it takes effect after a moment only. */
  readonly isSlow?: boolean;
}

const ATTEMPTS: readonly Attempt[] = [
  { command: ["/usr/bin/sudo", "-n", "--", ...ID] },
  // Whoever may be somebody else without a password may be root by their ways.
  {
    command: ["/usr/bin/sudo", "-n", "-l"],
    isOpen: ({ code }) => code === 0,
  },
  // Without a password it is quick; after a wrong one it waits.
  { command: ["/usr/bin/su", "-c", ID.join(" "), "root"], seconds: 0.5 },
  { command: ["/usr/bin/sg", "root", "-c", "/usr/bin/id -g"] },
  { command: ["/usr/bin/pkexec", "--disable-internal-agent", ...ID] },
  { command: ["/usr/bin/doas", "-n", ...ID] },
  ...["org.freedesktop.policykit.exec", "org.freedesktop.systemd1.manage-units"]
    .map((action): Attempt => ({
      // Itself the process that asks: the shell's number is that of pkcheck.
      command: [
        ...["/bin/sh", "-c", 'exec /usr/bin/pkcheck -a "$0" -p $$', action],
      ],
      isOpen: ({ code }) => code === 0,
      isSlow: true,
    })),
];

/** @returns A sentence for each one that succeeds. */
export function tryAll(libc: Libc, user: AsUser): string[] {
  return ATTEMPTS.flatMap((attempt) => {
    const { command, isSlow = false } = attempt;
    if (!canAccess(libc, command[0]!)) return [];
    const until = performance.now() + (isSlow ? RELOAD_MS : 0);
    while (succeeds(user, attempt)) {
      if (performance.now() >= until) {
        return [`${JSON.stringify(command.join(" "))} still succeeds`];
      }
      libc.symbols.poll(new Uint8Array(8), 0n, PAUSE_MS);
    }
    return [];
  });
}

function succeeds(user: AsUser, attempt: Attempt): boolean {
  const { command, isOpen = isRoot, seconds } = attempt;
  return isOpen(user.run(command, seconds));
}

function isRoot({ stdout }: ToolResult): boolean {
  return stdout.split("\n").includes("0");
}
