/**
 * The second look at flows that an allowed name led to, over TCP and UDP.
 *
 * @module
 */
import { HOOK } from "./decode/nfqueue.ts";
import { PROTOCOL } from "./decode/packet.ts";
import { flowKey, reverseFlowKey } from "./flow_key.ts";
import { asRead, type Outcome, type Seen } from "./outcome.ts";
import type { WatchedDatagram } from "./udp_flow.ts";
import { WatchedDatagrams } from "./watched_datagrams.ts";
import { WatchedFlows, type WatchWorld } from "./watched_flows.ts";

/** The flows whose clients are asked for the name they want. */
export class SecondLook {
  readonly #streams: WatchedFlows;
  readonly #datagrams: WatchedDatagrams;

  /** @param world Must outlive this object. */
  constructor(world: WatchWorld) {
    this.#streams = new WatchedFlows(world);
    this.#datagrams = new WatchedDatagrams(world);
  }

  /** Judges by what is known of a packet's flow; null when nothing is. */
  judge(seen: Seen): Outcome | null {
    const { packet } = seen;
    if (packet.protocol === PROTOCOL.UDP) {
      const outcome = this.#datagrams.judge(seen);
      return outcome === null ? null : asRead(outcome);
    }
    return this.#streams.size === 0
      ? null
      : this.#streams.judge(flowKey(packet), seen);
  }

  /**
   * Looks at a packet that is allowed by a name, as far as its address goes.
   *
   * @param watched Its `learn` is called right after the verdict, when its
   * sender is still what it was, and before anything is described.
   */
  open(
    watched: WatchedDatagram & { readonly learn: () => void },
    seen: Seen,
  ): Outcome {
    const outcome = seen.packet.protocol === PROTOCOL.UDP
      ? asRead(this.#datagrams.open(watched, seen))
      : this.#streams.open(watched, seen);
    const events = () => {
      watched.learn();
      return outcome.events?.() ?? [];
    };
    return { ...outcome, events };
  }

  /** Hears what comes to a container: it may answer a flow that is watched. */
  hear({ packet, queued }: Seen): void {
    const isAnswer = queued.hook === HOOK.FORWARD &&
      packet.protocol === PROTOCOL.TCP && this.#streams.size > 0;
    if (isAnswer) this.#streams.hear(reverseFlowKey(packet), packet);
  }

  /** Whether something is known of a flow. */
  has(key: string): boolean {
    return this.#streams.has(key) || this.#datagrams.has(key);
  }

  /** Whether packets may wait for the rest of what their client says. */
  get isHolding(): boolean {
    return this.#streams.isHolding;
  }

  /** What comes of time passing; Infinity ends all that waits. */
  expire(nowMs: number): Outcome[] {
    return [...this.#streams.expire(nowMs), ...this.#datagrams.expire(nowMs)];
  }
}
