/**
 * The agent and its Deno as one file: a script that unpacks itself.
 *
 * What is released, since each byte of it is one that we pinned or wrote.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { bundleAgent } from "./bundle.ts";
import { agentOptions, projectVersion } from "./project.ts";
import { DENO_PACKAGES } from "../../agent/action/deno_packages.ts";
import { type Architecture, denoProgram, MACHINES } from "./runtime.ts";
import { type TarFile, writeTar } from "./tar.ts";

const LAUNCHER = new URL("./launcher.sh", import.meta.url);

/** What to make. */
export interface PackOptions {
  readonly architecture: Architecture;
  /** Of gzip, 1 to 9; what is released has 9. */
  readonly level: number;
}

/**
 * Makes the program; the same source and options give the same bytes.
 *
 * @throws {Error} When Deno cannot be had for that machine.
 */
export async function packProgram(
  { architecture, level }: PackOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const files: TarFile[] = [
    {
      path: "deno",
      isExecutable: true,
      bytes: await denoProgram(architecture),
    },
    ...(await bundleAgent()).map(({ name, text }) => ({
      path: `agent/${name}`,
      isExecutable: false,
      bytes: encoder.encode(text),
    })),
  ];
  const archive = writeTar(files);
  const payload = gzipSync(archive, { level });
  const script = encoder.encode(writeLauncher({ architecture, files }));
  const program = new Uint8Array(script.length + payload.length);
  program.set(script);
  program.set(payload, script.length);
  return program;
}

function writeLauncher(
  of: { architecture: Architecture; files: readonly TarFile[] },
): string {
  const { architecture, files } = of;
  const version = projectVersion();
  const sums = files.map(({ path, bytes }) => `${sha256(bytes)}  ${path}`);
  const digest = sha256(new TextEncoder().encode(sums.join("\n")));
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    DENO: DENO_PACKAGES[architecture].version,
    MACHINE: MACHINES[architecture],
    // Of what is in it: another build of one version has another place.
    NAME: `${version}-${digest.slice(0, 16)}`,
    SUMS: sums.join("\n"),
    OPTIONS: [
      ...agentOptions().filter((each) => !each.startsWith("--allow-read=")),
      // Nothing but what is in the file: not what lies above its directory.
      ...["--quiet", "--no-config", "--no-lock", "--no-npm", "--no-remote"],
    ].join(" "),
  };
  const filled = Deno.readTextFileSync(LAUNCHER).replaceAll(
    /@([A-Z]+)@/g,
    (_, name) => values[name]!,
  );
  const payloadLine = filled.split("\n").length;
  return filled.replaceAll("@PAYLOAD_LINE@", `${payloadLine}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
