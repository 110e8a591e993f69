/**
 * The machine a benchmark ran on, in one line.
 *
 * @module
 */

/**
 * What figures depend on besides the program: processor, kernel, tools, load.
 *
 * @returns One sentence, ending with a period.
 */
export async function describeMachine(): Promise<string> {
  const cpus = await Deno.readTextFile("/proc/cpuinfo");
  const model = /^model name\s*: (.*)$/m.exec(cpus)?.[1] ?? Deno.build.arch;
  const [load] = Deno.loadavg();
  return [
    `${[...cpus.matchAll(/^processor\s*:/gm)].length} × ${model}`,
    `Linux ${Deno.osRelease()}`,
    `Deno ${Deno.version.deno}`,
    await versionOf("iptables"),
    `load ${load!.toFixed(1)} at the start`,
    await describePinning(),
  ].join(", ") + ".";
}

/** Whatever the benchmark starts runs where it may run itself, taskset(1). */
async function describePinning(): Promise<string> {
  const [online, status] = await Promise.all([
    Deno.readTextFile("/sys/devices/system/cpu/online"),
    Deno.readTextFile("/proc/self/status"),
  ]);
  const allowed = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1];
  return allowed === online.trim()
    ? "nothing pinned to a processor"
    : `everything pinned to processor ${allowed}`;
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: ["--version"] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}
