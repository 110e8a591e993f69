/**
 * What a job must leave on its machine as it was.
 *
 * @module
 */
import type { Ground } from "./ground.ts";

const PLACES = "/etc /opt /srv /usr/local/bin /dev /run /var/lib";

/**
 * What comes and goes by others (sudo's own, other labs), and what an agent keeps on purpose: its
 * program, and what it knows of the last job.
 */
const OTHERS =
  /^\/(?:run|run\/sudo(?:\/\S*)?|etc\/netns\S*|run\/sluice(?:\/\S*)?|var\/lib|var\/lib\/sluice(?:\/\S*)?) /;

/** Mounts, files with owner, mode, number and time, and rules; a line each. */
export async function footprint(ground: Ground): Promise<readonly string[]> {
  const { stdout } = await ground.in([
    "sh",
    "-c",
    `cat /proc/self/mountinfo
    find ${PLACES} -xdev -printf '%p %y %m %U %G %i %T@ %l\\n'
    getfacl -R -p /dev /run 2>/dev/null
    nft list ruleset
    iptables-save
    ip6tables-save`,
  ]);
  return stdout.split("\n").filter((line) => !OTHERS.test(line));
}

/** The lines that only one of two footprints has. */
export function difference(
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  const [old, now] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !now.has(line)).map((line) => `-${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `+${line}`),
  ];
}
