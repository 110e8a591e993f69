/**
 * The system packages the lab and the benchmarks are made of.
 *
 * @module
 */

/** Names that Debian 12, Ubuntu 22.04 and Ubuntu 24.04 share. */
const PACKAGES = [
  "auditd",
  "btrfs-progs",
  "ca-certificates",
  "conntrack",
  "curl",
  "dnsmasq-base",
  "dnsutils",
  "gcc",
  "gdb",
  "git",
  "iperf3",
  "iproute2",
  "iptables",
  "iputils-ping",
  "libc6-dev",
  "libcap2-bin",
  "libnetfilter-queue-dev",
  "libnetfilter-queue1",
  "libssl-dev",
  "make",
  "musl-tools",
  "netcat-openbsd",
  "nftables",
  "nginx-light",
  "openssh-client",
  "openssl",
  "procps",
  "python3",
  "python3-pip",
  "strace",
  "sudo",
  "tcpdump",
  "tinyproxy-bin",
  "util-linux",
  "wget",
  "xfsprogs",
] as const;

const POLICY_PATH = "/usr/sbin/policy-rc.d";

let ensured: Promise<void> | undefined;

/**
 * Installs what is missing, and says so on stderr; asks once per process.
 *
 * A lab that cannot be built is a failed test, never a skipped one.
 *
 * @throws {Error} When not root, or when apt-get cannot install them.
 */
export function ensurePackages(): Promise<void> {
  ensured ??= installMissing();
  return ensured;
}

async function installMissing(): Promise<void> {
  if (Deno.uid() !== 0) {
    throw new Error(
      `Cannot build the lab: user id is ${Deno.uid()}, root is needed for network namespaces`,
    );
  }
  const missing = await findMissing();
  if (missing.length === 0) return;
  console.error(`lab: installing ${missing.join(" ")}`);
  await using _policy = await denyServiceStarts();
  await runApt(["update"]);
  await runApt(["install", "-y", "--no-install-recommends", ...missing]);
  const still = await findMissing();
  if (still.length > 0) {
    throw new Error(
      `Cannot build the lab: ${still.join(" ")} not installed after apt-get`,
    );
  }
}

async function findMissing(): Promise<string[]> {
  // Exits with 1 when a package is unknown, and still lists the others.
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${db:Status-Status} ${Package}\n", ...PACKAGES],
    stdout: "piped",
    stderr: "null",
  }).output();
  const lines = new Set(new TextDecoder().decode(stdout).split("\n"));
  return PACKAGES.filter((name) => !lines.has(`installed ${name}`));
}

async function runApt(args: readonly string[]): Promise<void> {
  const { code } = await new Deno.Command("apt-get", {
    // Another lab on the same machine may be installing at the same moment.
    args: ["-q", "-o", "DPkg::Lock::Timeout=120", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    // Stdout belongs to the test reporter and to commands that print JSON.
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (code !== 0) {
    throw new Error(
      `Cannot build the lab: "apt-get ${args[0]}" exited with ${code}, ` +
        "0 is needed",
    );
  }
}

/** Without it, the nginx package would take port 80 of a developer's laptop. */
async function denyServiceStarts(): Promise<AsyncDisposable> {
  let created = false;
  try {
    await Deno.writeTextFile(POLICY_PATH, "#!/bin/sh\nexit 101\n", {
      createNew: true,
      mode: 0o755,
    });
    created = true;
  } catch (error) {
    // The machine's owner has a policy already: it stands.
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      if (created) await Deno.remove(POLICY_PATH);
    },
  };
}
