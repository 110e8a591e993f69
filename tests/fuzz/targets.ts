/**
 * Everything that can be fuzzed.
 *
 * @module
 */
import { dnsTarget, netlinkTarget, packetTarget } from "./decoder_targets.ts";
import { quicTarget } from "./quic_target.ts";
import {
  dnsStreamTarget,
  httpTarget,
  tcpStreamTarget,
  tlsTarget,
} from "./stream_targets.ts";
import { pipelineTarget } from "./pipeline_target.ts";
import type { Target } from "./target.ts";
import { textTarget } from "./text_target.ts";

const TARGETS: Readonly<Record<string, () => Target>> = {
  netlink: netlinkTarget,
  packet: packetTarget,
  dns: dnsTarget,
  dns_stream: dnsStreamTarget,
  tls: tlsTarget,
  http: httpTarget,
  tcp_stream: tcpStreamTarget,
  quic: quicTarget,
  text: textTarget,
  pipeline: pipelineTarget,
};

/** As `--target` takes them. */
export const TARGET_NAMES: readonly string[] = Object.keys(TARGETS);

/**
 * Makes one target, with its seeds.
 *
 * @throws {TypeError} When there is none of that name.
 */
export function findTarget(name: string): Target {
  const make = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
  if (make !== undefined) return make();
  throw new TypeError(
    `Cannot fuzz "${name}": known are ${TARGET_NAMES.join(", ")}`,
  );
}
