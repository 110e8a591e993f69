/**
 * Docker's own command line, out of Debian's package, which is not installed:
 * that would start a daemon.
 *
 * @module
 */
import { runOrThrow } from "../../lab/command.ts";

const DIRECTORY = "/var/cache/sluice-tests/docker.io";
const CLIENT = `${DIRECTORY}/usr/bin/docker`;

let found: Promise<string> | undefined;

/**
 * Where it is, after it was got if it was not there.
 *
 * @throws {Error} When Debian's or Ubuntu's packages cannot be reached.
 */
export function dockerClient(): Promise<string> {
  found ??= get();
  return found;
}

async function get(): Promise<string> {
  if (await Deno.stat(CLIENT).then(() => true, () => false)) return CLIENT;
  const own = await Deno.makeTempDir({ prefix: "sluice-docker-" });
  try {
    await runOrThrow(["apt-get", "-q", "update"]);
    const fetch = 'cd "$0" && apt-get -q download docker.io && ' +
      "dpkg-deb -x docker.io_*.deb out";
    await runOrThrow(["sh", "-c", fetch, own]);
    await Deno.mkdir("/var/cache/sluice-tests", { recursive: true });
    // As a whole: another test may look for it at the same moment.
    await Deno.rename(`${own}/out`, DIRECTORY).catch(() => {});
    return CLIENT;
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}
