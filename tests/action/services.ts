/**
 * What the action needs of the internet, on a lab's far side.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Lab } from "../lab/lab.ts";
import type { Ground } from "./ground.ts";

const MAIN = fileURLToPath(new URL("./services_main.ts", import.meta.url));
// Of no other site in the lab.
const ADDRESS = "203.0.113.61";
// A name and a port that the runner's own processes may reach.
const RESULTS = "results-receiver.actions.githubusercontent.com";
const PORT = 443;

/** Downloads, and the service for artifacts. */
export class Services {
  /** Where it is. */
  readonly url = `http://${ADDRESS}:${PORT}`;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Starts it; it ends with the lab. */
  static async up(lab: Lab): Promise<Services> {
    const directory = `${lab.directory}/services`;
    await Deno.mkdir(`${directory}/got`, { recursive: true });
    const address = ["ip", "address", "add", `${ADDRESS}/32`, "dev", "lo"];
    await using adding = lab.spawn("out", address);
    await adding.finished(5_000);
    const program = lab.spawn("out", [
      ...[Deno.execPath(), "run", "-A", "--no-config", "--no-lock", MAIN],
      ...[ADDRESS, String(PORT), directory],
    ], { env: { DENO_NO_UPDATE_CHECK: "1" } });
    await program.waitFor("ready");
    return new Services(directory);
  }

  /** Has a machine know where the service for artifacts is. */
  async tell(ground: Pick<Ground, "in">): Promise<void> {
    const line = `${ADDRESS} ${RESULTS}`;
    await ground.in(["sh", "-c", `echo '${line}' >> /etc/hosts`]);
  }

  /** What the runner gives an action for it. */
  get environment(): Record<string, string> {
    const claims = JSON.stringify({
      scp: "Actions.ExampleScope Actions.Results:run-1:job-1",
    });
    const payload = new TextEncoder().encode(claims).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
    return {
      ACTIONS_RESULTS_URL: `http://${RESULTS}:${PORT}/`,
      ACTIONS_RUNTIME_TOKEN: `e30.${payload}.c2ln`,
    };
  }

  /**
   * Puts a file there.
   *
   * @returns Its URL.
   */
  async offer(name: string, content: Uint8Array | string): Promise<string> {
    const path = `${this.#directory}/${name}`;
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    await Deno.writeFile(path, bytes);
    return `${this.url}/${name}`;
  }

  /** Where an uploaded artifact is. */
  artifactPath(name: string): string {
    return `${this.#directory}/got/${name}.zip`;
  }

  /** What was asked of the service. */
  async calls(): Promise<{ method: string; body: Record<string, unknown> }[]> {
    const text = await Deno.readTextFile(`${this.#directory}/calls`)
      .catch(() => "");
    return text.trim().split("\n").filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }
}
