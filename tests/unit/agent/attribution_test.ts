import assert from "node:assert/strict";
import { Attribution, type Owner } from "../../../agent/attribution.ts";
import type { Decision } from "../../../agent/decide/decision.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import { PROTOCOL } from "../../../agent/decode/packet.ts";
import { BpfSource } from "../../../agent/observe/bpf/source.ts";
import { ROLE } from "../../../agent/observe/process_source.ts";
import { openProcesses } from "../../../agent/origins.ts";
import { StepBoard } from "../../../agent/processes/step_board.ts";
import { NOBODY, scopesOf } from "../../../agent/scopes.ts";
import { decideSurely } from "../../../agent/sure_decision.ts";
import { startTicksOf } from "../../../agent/state.ts";
import { socketAddress } from "../../../ffi/sockets.ts";
import { OwnNetwork } from "../../own_network.ts";
import { policyOf } from "../decide/policies.ts";
import { Children } from "../observe/children.ts";
import {
  ADDRESSES,
  indexOf,
  inodeOf,
  NETWORK,
  openUdp,
} from "../observe/sockets.ts";
import { datagram, queued } from "./clients.ts";

const PEER_PORT = 8443;
const { own, peer } = ADDRESSES[4];
const POLICY = policyOf({
  allow: [{ text: "192.0.2.99:8443/udp", step: "Publish" }],
});

/** A runner's worker, which this process plays, and what it has started. */
class Job implements Disposable {
  readonly #stack = new DisposableStack();
  readonly children: Children = this.#stack.use(new Children());
  readonly network: OwnNetwork;
  readonly source: BpfSource;
  readonly board: StepBoard;
  readonly attribution: Attribution;

  constructor() {
    const { libc } = this.children;
    const stack = this.#stack;
    this.network = stack.use(new OwnNetwork(libc, NETWORK));
    this.source = stack.use(new BpfSource(libc));
    const startNs = BigInt(startTicksOf(libc, Deno.pid)!) * 10_000_000n;
    const { lineage, lineageFd, filesFds } = this.source;
    lineage.enter({ pid: Deno.pid, startNs, parentPid: Deno.ppid });
    lineage.setRole(lineage.find(Deno.pid)!, ROLE.WORKER);
    const steps = StepBoard.create();
    this.board = new StepBoard(steps);
    const shared = { lineageFd, filesFds, steps };
    this.attribution = stack.use(
      new Attribution(libc, {
        procsPath: null,
        scopes: scopesOf(POLICY),
        ...openProcesses(libc, { shared, stack }),
      }),
    );
  }

  /** Starts a step for each name; their first processes share a new socket. */
  start(steps: readonly string[]): Owner {
    const { libc } = this.children;
    const socket = openUdp(libc, 4);
    assert.equal(socket.connect(socketAddress(peer, PEER_PORT)), 0);
    const inode = inodeOf(libc, socket.fd);
    const source = socket.localPort();
    for (const step of steps) {
      const pid = this.children.start(socket.fd);
      const { root } = this.source.lineage.find(pid)!;
      assert.equal(root!.pid, pid);
      this.board.set(root!, { step, substep: "upload" });
    }
    socket[Symbol.dispose]();
    const packet = {
      ...datagram("", { source, destination: PEER_PORT }),
      source: own,
      destination: peer,
    };
    const seen = queued(packet, { id: 1, nowMs: performance.now() });
    const outInterface = indexOf(this.network, "out0");
    const owner = this.attribution.find({
      ...seen,
      queued: { ...seen.queued, outInterface },
    });
    assert.equal(owner?.inode, inode);
    return owner!;
  }

  decide(owner: Owner): Decision {
    const names = new NameTable();
    const policy = compilePolicy(POLICY);
    return decideSurely(owner, {
      attribution: this.attribution,
      decide: (sender) =>
        decideFlow({
          protocol: PROTOCOL.UDP,
          destination: peer,
          port: PEER_PORT,
          sender,
        }, { policy, names, nowMs: 0 }),
    }).decision;
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

Deno.test("Attribution tells the step of a sender, and lets its scope hold", () => {
  using job = new Job();
  const owner = job.start(["Publish"]);
  const { why, decision } = job.decide(owner);
  assert.deepEqual([decision, why], ["allow", "allowed_address"]);
  const { step, substep, process, container } = job.attribution
    .describe(owner, 0);
  assert.deepEqual([step, substep, container], ["Publish", "upload", null]);
  assert.deepEqual(process?.ancestors[0]?.pid, Deno.pid);
});

Deno.test("Attribution does not let the scope of another step hold", () => {
  using job = new Job();
  const { decision, why } = job.decide(job.start(["Build"]));
  assert.deepEqual([decision, why], ["deny", "process_not_allowed"]);
});

for (const steps of [["Build", "Publish"], ["Publish", "Build"]]) {
  Deno.test(`Attribution does not lend the scope of a step by a socket that ${steps.join(" and ")} share`, () => {
    using job = new Job();
    const { decision, why } = job.decide(job.start(steps));
    assert.deepEqual([decision, why], ["deny", "process_not_allowed"]);
  });
}

Deno.test("Attribution lets a scope hold for two processes of one step", () => {
  using job = new Job();
  const owner = job.start(["Publish", "Publish"]);
  assert.equal(job.decide(owner).decision, "allow");
});

Deno.test("senderOf() takes nobody for the runner but those who have its role", () => {
  using job = new Job();
  const owner = job.start(["Publish"]);
  assert.equal(job.attribution.senderOf(owner).isRunner, false);
  const { lineage } = job.source;
  lineage.setRole(owner.descent!, ROLE.RUNNER);
  const descent = lineage.find(owner.process.pid);
  const { attribution } = job;
  assert.equal(attribution.senderOf({ ...owner, descent }).isRunner, true);
  assert.equal(attribution.senderOf(null), NOBODY);
});
