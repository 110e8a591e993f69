/** Root in a container, which sends in the name of somebody else. */
import { Lab } from "../../lab/lab.ts";
import {
  assertHeld,
  fetchAllowed,
  prepare,
  runScript,
  startScript,
} from "./attack.ts";

/** One way, and what the journal calls it where it has an event of its own. */
interface Way {
  readonly way: string;
  readonly name: string;
  readonly why?: string;
  readonly families?: readonly ("ipv4" | "ipv6")[];
  /** Whether the resolver is slower than the attack. */
  readonly outruns?: boolean;
}

const WAYS: readonly Way[] = [
  { way: "refusal", name: "what a refusal quotes", why: "source_forged" },
  { way: "expiry", name: "what an expired packet's error quotes" },
  { way: "no_route", name: "what a lost packet's error quotes" },
  { way: "greeting", name: "the answer to a greeting", why: "source_forged" },
  { way: "echo", name: "the answer to an echo", why: "source_forged" },
  { way: "own_flow", name: "an answer in a flow within", why: "source_forged" },
  { way: "allowed_flow", name: "an answer in an allowed flow" },
  {
    way: "answer",
    name: "an answer in the resolver's name",
    why: "source_forged",
    outruns: true,
  },
  {
    way: "mapped",
    name: "an address of the other family",
    why: "packet_malformed",
    families: ["ipv6"],
  },
];

// What would refuse some of this by itself; not every machine has it set.
const LENIENT = `
for setting in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $setting; done
echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
`;

for (const { way, name, why, families = ["ipv4", "ipv6"], outruns } of WAYS) {
  for (const family of families) {
    const at = family === "ipv4" ? 0 : 1;
    Deno.test(`block keeps a container from getting out over ${family} by ${name}`, async () => {
      await using lab = await Lab.up({ container: true });
      await prepare(lab, LENIENT);
      const listener = await startScript(lab, "listen 22");
      await listener.waitFor("listening");
      const guard = await assertHeld(lab, {
        flags: { egress: "block", allow: ["allowed.test"] },
        attack: async (turn) => {
          if (outruns) await signalResolver(lab, "SIGSTOP");
          const line = `forged_source ${way} ${at} ${turn}`;
          await runScript(lab, line, { side: "box" });
          if (outruns) await signalResolver(lab, "SIGCONT");
        },
        allowed: () => fetchAllowed(lab, "box"),
      });
      if (why === undefined) return;
      await guard.waitFor({ decision: "deny", enforced: true, why });
    });
  }
}

async function signalResolver(lab: Lab, signal: Deno.Signal): Promise<void> {
  const pid = await Deno.readTextFile(`${lab.directory}/resolver.pid`);
  Deno.kill(Number(pid), signal);
}
