/**
 * The Deno that a released program holds: npm's package, by its hash.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { DENO_PACKAGES } from "../../agent/action/deno_packages.ts";
import type { Architecture } from "../../agent/action/release.ts";
import { readTarFile } from "./tar.ts";

export type { Architecture };

/** Machines that there is a program for, as uname(1) names them. */
export const MACHINES: Readonly<Record<Architecture, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
};

/** This machine's. */
export function ownArchitecture(): Architecture {
  return Deno.build.arch === "x86_64" ? "x64" : "arm64";
}

/**
 * Gets the program from npm's cache or registry, and checks it.
 *
 * @throws {Error} When it cannot be had, or is another one.
 */
export async function denoProgram(
  architecture: Architecture,
): Promise<Uint8Array> {
  const tarball = await denoTarball(architecture);
  const program = readTarFile(gunzipSync(tarball), "package/deno");
  if (program === null) {
    throw new Error(
      `Cannot take ${
        DENO_PACKAGES[architecture].name
      }: it holds no package/deno`,
    );
  }
  return program;
}

/**
 * Gets npm's package of it from npm's cache or registry, and checks that.
 *
 * @throws {Error} When it cannot be had, or is another one.
 */
export async function denoTarball(
  architecture: Architecture,
): Promise<Uint8Array> {
  const { name: packageName, version, sha512 } = DENO_PACKAGES[architecture];
  const name = `${packageName}@${version}`;
  const tarball = await download(name);
  const found = createHash("sha512").update(tarball).digest("base64");
  if (found !== sha512) {
    throw new Error(
      `Cannot take ${name}: its SHA-512 is ${found}, ${sha512} is needed`,
    );
  }
  return tarball;
}

/** By npm itself: it knows this machine's registry, proxy and cache. */
async function download(name: string): Promise<Uint8Array> {
  const directory = await Deno.makeTempDir();
  try {
    const { code, stderr } = await new Deno.Command("npm", {
      args: [
        ...["pack", "--silent", "--prefer-offline", "--ignore-scripts"],
        ...["--pack-destination", directory, name],
      ],
      cwd: directory,
      stdout: "null",
    }).output();
    if (code !== 0) {
      throw new Error(
        `Cannot download ${name}: npm pack exited with ${code}: ${
          new TextDecoder().decode(stderr).trim()
        }`,
      );
    }
    const [file] = [...Deno.readDirSync(directory)];
    return await Deno.readFile(`${directory}/${file!.name}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
