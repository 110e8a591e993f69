/**
 * The lab's resolver: dnsmasq, which knows the lab and nothing else.
 *
 * @module
 */
import { runOrThrow } from "./command.ts";
import {
  ADDRESSES,
  ALIASES,
  ATTACKER,
  LARGE,
  RECORDS,
  type Site,
  SITES,
  WILDCARD,
} from "./topology.ts";

/** A question that reached the resolver. */
export interface ResolverQuery {
  /** Mnemonic as dnsmasq writes it, such as `A`. */
  readonly type: string;
  readonly name: string;
  /** Address of the client. */
  readonly client: string;
}

const DEFAULT_TTL_SECONDS = 30;

// dnsmasq 2.90: "query[A] allowed.test from 198.51.100.10"
const QUERY_LINE = /: query\[([^\]]+)\] (.*) from (\S+)$/gm;

/** The resolver as a test sees it. */
export class Resolver {
  readonly #logPath: string;

  /** @param directory The lab's own. */
  constructor(directory: string) {
    this.#logPath = `${directory}/resolver.log`;
  }

  /**
   * Every question that reached the resolver, oldest first.
   *
   * dnsmasq writes the line before it answers, so a question that was answered
   * is here.
   */
  async queries(): Promise<ResolverQuery[]> {
    const log = await Deno.readTextFile(this.#logPath);
    return [...log.matchAll(QUERY_LINE)].map(([, type, name, client]) => ({
      type: type!,
      name: name!,
      client: client!,
    }));
  }
}

/**
 * Starts the resolver, which goes into the background once it listens.
 *
 * @param directory The lab's own: configuration, log and pid go there.
 * @param enter The command prefix that leads into `out`.
 * @throws {Error} When dnsmasq refuses its configuration or an address.
 */
export async function startResolver(
  directory: string,
  enter: readonly string[],
): Promise<void> {
  const path = `${directory}/resolver.conf`;
  await Deno.writeTextFile(path, configure(directory));
  await runOrThrow([...enter, "dnsmasq", `--conf-file=${path}`]);
}

function configure(directory: string): string {
  const { ipv4, ipv6 } = ADDRESSES.resolver;
  const lines = [
    "no-resolv",
    "no-hosts",
    "user=root",
    "bind-interfaces",
    `listen-address=${ipv4},${ipv6}`,
    `pid-file=${directory}/resolver.pid`,
    `log-facility=${directory}/resolver.log`,
    "log-queries",
    `local-ttl=${DEFAULT_TTL_SECONDS}`,
    // With no upstream, every name not below is answered with NXDOMAIN.
    "local=/#/",
    ...[...SITES, ATTACKER].flatMap(hostRecords),
    ...WILDCARD.addresses.flatMap((pair) => [
      `address=/${WILDCARD.name}/${pair.ipv4}`,
      `address=/${WILDCARD.name}/${pair.ipv6}`,
    ]),
    ...ALIASES.map(({ from, to }) => `cname=${from},${to}`),
    `address=/${RECORDS.name}/${RECORDS.address}`,
    `txt-record=${RECORDS.name},"${RECORDS.text}"`,
    `mx-host=${RECORDS.name},${RECORDS.mail},10`,
    `srv-host=${RECORDS.service},${RECORDS.name},389`,
    `dns-rr=${RECORDS.name},65,${serviceRecord()}`,
    `dns-rr=${RECORDS.hinted},65,${serviceRecord()}`,
    `dns-rr=${RECORDS.ech},65,${serviceRecord("0005 0004 fe0d 0000")}`,
    ...Array.from(
      { length: LARGE.count },
      (_, host) => `host-record=${LARGE.name},203.0.113.${100 + host}`,
    ),
  ];
  return lines.join("\n") + "\n";
}

/** The data of an HTTPS record with a hint, RFC 9460 section 2.2, and more. */
function serviceRecord(more = ""): string {
  const hint = RECORDS.address.split(".").map((byte) =>
    Number(byte).toString(16).padStart(2, "0")
  ).join("");
  return `0001 00 0004 0004 ${hint} ${more}`.replaceAll(" ", "");
}

function hostRecords(site: Site): string[] {
  const ttlSeconds = site.ttlSeconds ?? DEFAULT_TTL_SECONDS;
  return site.addresses.map(({ ipv4, ipv6 }) =>
    `host-record=${site.name},${ipv4},${ipv6},${ttlSeconds}`
  );
}
