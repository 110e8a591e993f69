/**
 * Repositories made by git itself, which knows nothing of the machine's own
 * settings here.
 *
 * @module
 */

/** What no test may depend on is shut out, what git asks for is given. */
const ENVIRONMENT = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "A",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_COMMITTER_NAME: "A",
  GIT_COMMITTER_EMAIL: "a@example.com",
  LC_ALL: "C",
};

/** A directory with repositories in it, removed at the end. */
export class GitGround implements Disposable {
  /** Without a link in it. */
  readonly path: string;

  /** Makes the directory. */
  constructor() {
    const made = Deno.makeTempDirSync({ prefix: "sluice-git-" });
    this.path = Deno.realPathSync(made);
    Deno.mkdirSync(`${this.path}/home`);
  }

  /** The path of something in it. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a file, and the directories above it. */
  write(name: string, content: string | Uint8Array): void {
    const path = this.at(name);
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
  }

  /**
   * Runs git.
   *
   * @param directory Where, below this one.
   * @returns What it printed.
   * @throws {Error} When it failed.
   */
  git(directory: string, ...args: readonly string[]): Uint8Array<ArrayBuffer> {
    const { code, stdout, stderr } = new Deno.Command("git", {
      // A submodule from a directory beside it is refused without this.
      args: ["-c", "protocol.file.allow=always", ...args],
      cwd: this.at(directory),
      env: { ...ENVIRONMENT, HOME: this.at("home") },
      clearEnv: true,
      stdin: "null",
    }).outputSync();
    if (code === 0) return stdout;
    throw new Error(
      `Cannot run "git ${args.join(" ")}": exit code is ${code} with ` +
        `"${new TextDecoder().decode(stderr).trim()}", 0 is needed`,
    );
  }

  /** Makes a repository with a few files of every kind, committed. */
  makeRepository(name: string, ...options: readonly string[]): void {
    Deno.mkdirSync(this.at(name));
    this.git(name, "init", "-q", "-b", "main", ...options);
    this.write(`${name}/README`, "read me\n");
    this.write(`${name}/src/main.c`, "int main(void) { return 0; }\n");
    this.write(`${name}/src/long/${"d".repeat(200)}/file`, "deep\n");
    this.write(`${name}/build.sh`, "#!/bin/sh\n");
    Deno.chmodSync(this.at(`${name}/build.sh`), 0o755);
    Deno.symlinkSync("build.sh", this.at(`${name}/link`));
    this.write(`${name}/ü \t\n"'`, "named oddly\n");
    this.git(name, "add", "-A");
    this.git(name, "commit", "-q", "-m", "first");
  }

  /** Removes everything. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** One entry as `git ls-files` tells it. */
export interface ListedFile {
  readonly path: string;
  readonly mode: number;
  readonly oid: string;
  readonly stage: number;
  readonly stat: Readonly<Record<string, number>>;
  readonly isSkipped: boolean;
  readonly isIntended: boolean;
}

/** In-memory flags of git that `ls-files --debug` prints, its read-cache.h. */
const CE = { INTENT_TO_ADD: 1 << 29, SKIP_WORKTREE: 1 << 30 } as const;

const LISTED =
  /([0-7]{6}) ([0-9a-f]+) ([0-3])\t([^\0]+)\0 {2}ctime: (\d+):(\d+)\n {2}mtime: (\d+):(\d+)\n {2}dev: \d+\tino: (\d+)\n {2}uid: \d+\tgid: \d+\n {2}size: (\d+)\tflags: ([0-9a-f]+)\n/y;

/**
 * What git says is in an index.
 *
 * @param directory A work tree, below the ground.
 * @returns Paths have a character for each byte.
 */
export function listFiles(ground: GitGround, directory: string): ListedFile[] {
  const args = ["ls-files", "--stage", "--debug", "-z"];
  const text = ground.git(directory, ...args)
    .reduce((text, byte) => text + String.fromCharCode(byte), "");
  const files: ListedFile[] = [];
  LISTED.lastIndex = 0;
  while (LISTED.lastIndex < text.length) {
    const at = LISTED.lastIndex;
    const found = LISTED.exec(text);
    if (found === null) {
      throw new Error(`Cannot read git's list: ${text.slice(at, at + 200)}`);
    }
    const numbers = found.slice(5, 11).map(Number);
    const flags = parseInt(found[11]!, 16);
    files.push({
      path: found[4]!,
      mode: parseInt(found[1]!, 8),
      oid: found[2]!,
      stage: Number(found[3]),
      stat: {
        ctimeSeconds: numbers[0]!,
        ctimeNanoseconds: numbers[1]!,
        mtimeSeconds: numbers[2]!,
        mtimeNanoseconds: numbers[3]!,
        inode: numbers[4]!,
        bytes: numbers[5]!,
      },
      isSkipped: (flags & CE.SKIP_WORKTREE) !== 0,
      isIntended: (flags & CE.INTENT_TO_ADD) !== 0,
    });
  }
  return files;
}
