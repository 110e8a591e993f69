/**
 * What it means that a tool is another than when it was used before.
 *
 * @module
 */

/** A program that changed a tool, as it was at that moment. */
export interface ToolWriter {
  /** Absolute path; null when it is not known. */
  readonly exe: string | null;
  /** What it was given to run, as an interpreter; null for nothing. */
  readonly script: string | null;
  /**
   * Whether only root can have put its executable there, and it ran that for
   * long enough before the change.
   */
  readonly isSure: boolean;
  /** Up to the first process of its step; null outside of any step. */
  readonly above: readonly (string | null)[] | null;
}

/** A tool's change. */
export interface ToolChange {
  /** Under which names the tool is known, absolute. */
  readonly paths: readonly string[];
  /** Null when nobody knows who it was. */
  readonly writer: ToolWriter | null;
  /** The program that came to use it. */
  readonly user: string | null;
}

/** What it comes to. */
export interface ToolFinding {
  readonly overwritten: boolean;
  /** One sentence for a person, without a final period. */
  readonly reason: string;
}

/** What a system installs programs with. */
const SYSTEM_MANAGER =
  /^\/(?:usr\/)?s?bin\/(?:apk|dpkg|dpkg-divert|microdnf|pacman|rpm|update-alternatives|zypper|(?:dnf5?|yum|tdnf))$/;
/**
 * They start what they are told to, and somebody who wrote the workflow told
 * them: a package's own script has its package manager or interpreter above.
 */
const LAUNCHER =
  /^\/(?:usr\/)?s?bin\/(?:(?:r?ba|da|z|k|mk|a)?sh|busybox|sudo|su|doas|env|nice|ionice|timeout|time|xargs|nohup|setsid|stdbuf|eatmydata|apt(?:-get|itude)?|dpkg|dnf5?|yum|tdnf)$|\/externals\/node[^/]*\/bin\/node$/;

/**
 * Judges a change between two uses.
 *
 * Nothing that only a writer's name says makes it harmless: any package's
 * script can call the system's package manager.
 */
export function judgeToolChange(change: ToolChange): ToolFinding {
  const { paths, writer, user } = change;
  const tool = baseName(paths[0] ?? "");
  const use = user === null || paths.includes(user)
    ? "before it was used again"
    : `before ${baseName(user)} used it again`;
  if (writer === null) {
    const reason = `${tool} was replaced by nobody knows whom ${use}`;
    return { overwritten: true, reason };
  }
  const { exe, script, isSure } = writer;
  const who = baseName(script ?? exe ?? "a process that has ended");
  const isLaunched = writer.above === null ||
    writer.above.every((each) => each !== null && LAUNCHER.test(each));
  if (isSure && isLaunched && exe !== null && SYSTEM_MANAGER.test(exe)) {
    const reason = `${tool} was replaced by ${who}, the system's own, ${use}`;
    return { overwritten: false, reason };
  }
  const isItself = paths.includes(script ?? exe ?? "");
  if (isLaunched && isItself) {
    const reason = `${tool} has replaced itself ${use}`;
    return { overwritten: false, reason };
  }
  return { overwritten: true, reason: `${tool} was replaced by ${who} ${use}` };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
