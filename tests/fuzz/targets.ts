/**
 * Everything that can be fuzzed.
 *
 * @module
 */
import { dnsTarget, netlinkTarget, packetTarget } from "./decoder_targets.ts";
import { gitIndexTarget, gitTextTarget } from "./git_target.ts";
import { gitObjectTarget, textDiffTarget } from "./git_object_target.ts";
import { fanotifyTarget } from "./fanotify_target.ts";
import { quicTarget } from "./quic_target.ts";
import { inotifyTarget } from "./inotify_target.ts";
import {
  dnsStreamTarget,
  httpTarget,
  tcpStreamTarget,
  tlsTarget,
} from "./stream_targets.ts";
import { pipelineTarget } from "./pipeline_target.ts";
import { buildkitTarget } from "./buildkit_target.ts";
import {
  hpackTarget,
  httpBodyTarget,
  httpHeadTarget,
  httpQueryTarget,
  httpReplyTarget,
  jsonTarget,
  protobufTarget,
} from "./runtime_targets.ts";
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
  git_index: gitIndexTarget,
  git_text: gitTextTarget,
  inotify: inotifyTarget,
  git_object: gitObjectTarget,
  text_diff: textDiffTarget,
  fanotify: fanotifyTarget,
  strict_json: jsonTarget,
  http_head: httpHeadTarget,
  http_query: httpQueryTarget,
  http_body: httpBodyTarget,
  http_reply: httpReplyTarget,
  buildkit: buildkitTarget,
  hpack: hpackTarget,
  protobuf: protobufTarget,
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
