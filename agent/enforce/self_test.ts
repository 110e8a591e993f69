/**
 * Proves that the guard works before anybody relies on it, with probes that
 * could not leave the machine even if it did not.
 *
 * @module
 */
import { decodeDns } from "../decode/dns.ts";
import { AgentError } from "../errors.ts";
import { ERRNO } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import {
  Poller,
  POLLOUT,
  SOCKET,
  Socket,
  socketAddress,
} from "../../ffi/sockets.ts";
import { PROBE_ADDRESS } from "./rule.ts";

const TIMEOUT_MS = 2_000;
const DNS_PORT = 53;
const NXDOMAIN = 3; // RFC 1035 4.1.1
const LOOPBACK_V6 = new Uint8Array(16).with(15, 1);

/** How to run the self-test. */
export interface SelfTest {
  readonly families: readonly (4 | 6)[];
  /** A random name under `.invalid` that the packet thread refuses. */
  readonly probeName: string;
  /** Runs a function as a member of what is guarded. */
  readonly inside: <T>(act: () => T) => T;
}

/**
 * Connects to a listener of its own, which must be refused, and asks for a
 * name, which must be answered by us.
 *
 * @throws {AgentError} `self_test_failed` with the probe that got through.
 */
export function runSelfTest(libc: Libc, test: SelfTest): void {
  probeConnection(libc, test);
  probeName(libc, test, PROBE_ADDRESS);
  if (test.families.includes(6)) probeName(libc, test, LOOPBACK_V6);
}

function probeConnection(libc: Libc, test: SelfTest): void {
  const stream = { domain: SOCKET.AF_INET, type: SOCKET.STREAM, protocol: 0 };
  using listener = new Socket(libc, stream);
  listener.bind(socketAddress(PROBE_ADDRESS, 0));
  listener.listen(1);
  const to = socketAddress(PROBE_ADDRESS, listener.localPort());
  using client = test.inside(() =>
    new Socket(libc, { ...stream, type: SOCKET.STREAM | SOCKET.NONBLOCK })
  );
  let errno = client.connect(to);
  if (errno === ERRNO.EINPROGRESS) {
    const ready = new Poller(libc, [client.fd], POLLOUT).wait(TIMEOUT_MS);
    errno = ready > 0 ? client.takeError() : ERRNO.EAGAIN;
  }
  if (errno === ERRNO.ECONNREFUSED) return;
  throw failed(
    "connection",
    errno === 0 ? "it was let through" : `errno ${errno}`,
  );
}

function probeName(libc: Libc, test: SelfTest, server: Uint8Array): void {
  using client = test.inside(() =>
    new Socket(libc, {
      domain: server.length === 4 ? SOCKET.AF_INET : SOCKET.AF_INET6,
      type: SOCKET.DGRAM | SOCKET.NONBLOCK,
      protocol: 0,
    })
  );
  const to = socketAddress(server, DNS_PORT);
  const errno = client.connect(to);
  // No IPv6 on the loopback interface: nothing to ask over.
  if (errno !== 0 && server.length === 16) return;
  if (errno !== 0) throw failed("name", `errno ${errno}`);
  client.sendTo(encodeQuery(test.probeName), to);
  const poller = new Poller(libc, [client.fd]);
  if (poller.wait(TIMEOUT_MS) === 0) throw failed("name", "no answer came");
  const buffer = new Uint8Array(1232);
  let count: number;
  try {
    count = client.receive(buffer);
  } catch (error) {
    throw failed("name", String(error));
  }
  const answer = decodeDns(buffer.subarray(0, Math.max(count, 0)));
  const said = new TextDecoder().decode(buffer.subarray(0, Math.max(count, 0)));
  // Another resolver on this machine would say NXDOMAIN too, but not who.
  if (answer.ok && answer.value.rcode === NXDOMAIN && said.includes("Sluice")) {
    return;
  }
  throw failed("name", "the answer is not ours");
}

/** A question for an A record, with EDNS so that the answer names us. */
function encodeQuery(name: string): Uint8Array<ArrayBuffer> {
  const labels = name.split(".").flatMap((label) => [
    label.length,
    ...new TextEncoder().encode(label),
  ]);
  const header = [0x51, 0x1c, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
  const opt = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]; // RFC 6891 6.1.2
  return Uint8Array.from([...header, ...labels, 0, 0, 1, 0, 1, ...opt]);
}

function failed(probe: string, found: string): AgentError {
  return new AgentError("self_test_failed", {
    what: `Cannot prove that the guard works with a ${probe} probe`,
    why: `${found}, a refusal is needed`,
    hint: "Run `sluice doctor`; in a namespace of its own, bring `lo` up",
  });
}
