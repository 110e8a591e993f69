/**
 * The machine's audit, put back as it was however a test ends.
 *
 * There is one for the whole machine: no namespace holds it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { LabProcess, runOrThrow } from "../lab/command.ts";
import { ensurePackages } from "../lab/packages.ts";
import { waitUntil } from "../lab/wait.ts";
import { Watchdog } from "../lab/watchdog.ts";

const CLEAR = fileURLToPath(new URL("./clear_audit.ts", import.meta.url));
const HOLD = fileURLToPath(new URL("./hold_audit.ts", import.meta.url));

/** Rules as an operator has them. */
const RULES: readonly string[] = [
  "-w /etc/passwd -p wa -k sluice-test",
  "-a always,exit -F arch=b64 -S execve -F uid=12345 -k sluice-test",
  "-a never,exit -F arch=b64 -S adjtimex -k sluice-test",
];

/** Whatever is done on it ends with it. */
export class AuditGround implements AsyncDisposable {
  readonly #watchdog: Watchdog;
  readonly #directory: string;

  private constructor(watchdog: Watchdog, directory: string) {
    this.#watchdog = watchdog;
    this.#directory = directory;
  }

  /** Notes how audit is set now. */
  static async take(): Promise<AuditGround> {
    await ensurePackages();
    const directory = await Deno.makeTempDir({ prefix: "sluice-audit-" });
    const prefix = `audit-${Deno.pid}`;
    const watchdog = new Watchdog({ prefix, directory });
    const ground = new AuditGround(watchdog, directory);
    const setting = async (name: string) =>
      new RegExp(`^${name} (\\d+)$`, "m").exec(await ground.state())![1];
    await watchdog.onCleanup(`auditctl -e ${await setting("enabled")}`);
    await watchdog.onCleanup(`auditctl -b ${await setting("backlog_limit")}`);
    await watchdog.onCleanup(`${Deno.execPath()} run -A --no-check ${CLEAR}`);
    return ground;
  }

  /** Rules and settings as auditctl tells them. */
  async state(): Promise<string> {
    const rules = await runOrThrow(["auditctl", "-l"]);
    const status = await runOrThrow(["auditctl", "-s"]);
    const kept = /^(enabled|pid|rate_limit|backlog_limit) /;
    const settings = status.split("\n").filter((line) => kept.test(line));
    return [rules.trim(), ...settings].join("\n");
  }

  /** Runs auditctl. */
  async control(...args: readonly string[]): Promise<void> {
    await runOrThrow(["auditctl", ...args]);
  }

  /** Adds the rules of an operator, or one. */
  async addRules(rules: readonly string[] = RULES): Promise<void> {
    for (const rule of rules) {
      const opposite = rule.replace(/^-a/, "-d").replace(/^-w/, "-W");
      await this.#watchdog.onCleanup(`auditctl ${opposite} || :`);
      await this.control(...rule.split(" "));
    }
  }

  /** Starts the real daemon, with a log of its own. */
  async startDaemon(): Promise<LabProcess> {
    const directory = this.#directory;
    // It refuses a file that leaves settings out.
    const config = (await Deno.readTextFile("/etc/audit/auditd.conf"))
      .replace(/^flush = .*$/m, "flush = SYNC")
      .replace(/^log_file = .*$/m, `log_file = ${directory}/audit.log`)
      .replace(/^plugin_dir = .*$/m, `plugin_dir = ${directory}/plugins`);
    await Deno.writeTextFile(`${directory}/auditd.conf`, config);
    await Deno.mkdir(`${directory}/plugins`);
    const daemon = new LabProcess(["auditd", "-n", "-c", directory]);
    await this.#watchdog.onCleanup(`kill ${daemon.pid} 2>&- || :`);
    await waitUntil(
      async () => (await this.state()).includes(`pid ${daemon.pid}\n`),
      { what: "auditd to be registered" },
    );
    return daemon;
  }

  /** What the daemon has written. */
  log(): Promise<string> {
    return Deno.readTextFile(`${this.#directory}/audit.log`);
  }

  /** Has another process hear by audit. */
  async hold(): Promise<LabProcess> {
    const command = [Deno.execPath(), "run", "-A", "--no-check", HOLD];
    const holder = new LabProcess([
      "sh",
      "-c",
      `sleep 100 | exec "$@"`,
      "sh",
      ...command,
    ]);
    await this.#watchdog.onCleanup(`kill -9 -${holder.pid} 2>&- || :`);
    await holder.waitFor("open audit");
    return holder;
  }

  /** Puts all back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watchdog[Symbol.asyncDispose]();
  }
}
