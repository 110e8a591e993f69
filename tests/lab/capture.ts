/**
 * What was on the wire between the guarded side and the internet.
 *
 * @module
 */
import { LabProcess, runOrThrow } from "./command.ts";
import { type CapturedPacket, isLinkChatter, readFrame } from "./frame.ts";
import { readPcap } from "./pcap.ts";
import { ADDRESSES, INTERFACES, SINK } from "./topology.ts";
import { waitUntil } from "./wait.ts";

/** Where a capture's file goes, and how to get to the wire. */
export interface CaptureOptions {
  readonly path: string;
  /** The command prefix that leads into `out`. */
  readonly enter: readonly string[];
  /** A pcap-filter(7) expression; without it, everything. */
  readonly filter?: string;
}

const MARKER = "the capture's own marker ";

// tcpdump 4.99: "3 packets dropped by kernel"
const DROPPED = /^(\d+) packets? dropped by kernel$/m;

/** A running capture at the far end of the uplink. */
export class Capture implements AsyncDisposable {
  readonly #options: CaptureOptions;
  readonly #tcpdump: LabProcess;

  private constructor(options: CaptureOptions, tcpdump: LabProcess) {
    this.#options = options;
    this.#tcpdump = tcpdump;
  }

  /**
   * Starts a capture.
   *
   * @param options File, wire and filter.
   * @returns The capture, seeing every packet from now on.
   * @throws {Error} When tcpdump refuses, as for a malformed filter.
   */
  static async start(options: CaptureOptions): Promise<Capture> {
    const { path, enter, filter } = options;
    const marker = `(udp and dst host ${SINK.address})`;
    const tcpdump = new LabProcess([
      ...enter,
      ...["tcpdump", "-i", INTERFACES.edge, "-w", path, "-Z", "root"],
      // Written packet by packet, as they come; 16 MiB for when they pour.
      ...["-U", "--immediate-mode", "-B", "16384", "-n", "-p"],
      ...(filter ? [`(${filter}) or ${marker}`] : []),
    ]);
    await tcpdump.waitFor("listening on");
    return new Capture(options, tcpdump);
  }

  /**
   * Ends the capture.
   *
   * A marker packet is sent last and waited for, so that an empty result means
   * that nothing was on the wire.
   *
   * @param options Whether what keeps the wire itself going is wanted too (ARP,
   * neighbour discovery, multicast listeners). Default false.
   * @returns All packets, oldest first.
   * @throws {Error} When packets were lost or the marker was not seen.
   */
  async stop(
    options: { readonly chatter?: boolean } = {},
  ): Promise<CapturedPacket[]> {
    const marker = `${MARKER}${crypto.randomUUID()}`;
    const target = `/dev/udp/${SINK.address}/${SINK.port}`;
    await runOrThrow([
      ...this.#options.enter,
      ...["bash", "-c", `printf %s "$0" > ${target}`, marker],
    ]);
    let packets: CapturedPacket[] = [];
    await waitUntil(async () => {
      packets = await this.#read();
      return packets.some(({ text }) => text === marker);
    }, { what: "the capture's marker packet" });

    this.#tcpdump.kill("SIGINT");
    const { stderr } = await this.#tcpdump.finished(5_000);
    const dropped = DROPPED.exec(stderr)?.[1];
    if (dropped !== "0") {
      throw new Error(
        `Cannot trust capture: ${dropped ?? "unknown"} packets dropped, ` +
          "0 is needed",
      );
    }
    return packets.filter((packet) =>
      !isMarker(packet) && (options.chatter || !isLinkChatter(packet))
    );
  }

  /** Ends tcpdump; the file goes with the lab. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#tcpdump[Symbol.asyncDispose]();
  }

  async #read(): Promise<CapturedPacket[]> {
    const file = await Deno.readFile(this.#options.path);
    return readPcap(file).map(({ bytes, seconds }) =>
      readFrame(bytes, seconds)
    );
  }
}

/** Of this capture or of another one that ran beside it. */
function isMarker({ source, destination, text }: CapturedPacket): boolean {
  return source === ADDRESSES.gateway.ipv4 && destination === SINK.address &&
    text.startsWith(MARKER);
}
