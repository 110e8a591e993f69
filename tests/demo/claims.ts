/**
 * What the demo shows, each held against what was seen on the network.
 *
 * @module
 */
import type { CapturedPacket } from "../lab/frame.ts";
import { ADDRESSES } from "../lab/topology.ts";
import type { Implant } from "./implant.ts";
import type { Play } from "./play.ts";

/** One thing the demo says, and whether it is true. */
export interface Claim {
  readonly text: string;
  readonly holds: boolean;
}

/** The same build, without and with Sluice. */
export interface Plays {
  readonly alone: Play;
  readonly guarded: Play;
  readonly implant: Implant;
}

/** The ways by which a secret got out. */
export interface Thefts {
  readonly https: boolean;
  readonly tcp: boolean;
  readonly dns: boolean;
}

const TLS_PORT = 443;
const RAW_PORT = 4444;
/** What the report has to say of the source. */
const IMPLANT = [
  /\/src\/price\.c: changed and restored after [\d.]+ m?s$/m,
  /^ {4}by \/usr\/bin\/sed \(pid \d+\): sed -i /m,
  /^ {4}below \/usr\/bin\/dash < \/usr\/bin\/dash$/m,
  /^ {4}in step "run"$/m,
  /^ {4}\| -\s+return cents;$/m,
  /^ {4}\| \+\s+return cents \+ 1;$/m,
];
const DOWNLOAD = 'downloaded "site allowed.test ';

/** Which ways the token of a build found. */
export function findThefts({ token, contacts, queries }: Play): Thefts {
  const heard = (protocol: string, port: number) => {
    const pieces = contacts.filter((contact) =>
      contact.protocol === protocol && contact.port === port
    );
    return pieces.map(({ bytes }) => bytes).join("").includes(token);
  };
  return {
    https: heard("tls", TLS_PORT),
    tcp: heard("tcp", RAW_PORT),
    dns: queries.some(({ name }) => name.includes(token)),
  };
}

/** Packets to or from an address of the attacker. */
export function attackerPackets({ packets }: Play): CapturedPacket[] {
  const addresses: readonly string[] = Object.values(ADDRESSES.attacker);
  return packets.filter(({ source, destination }) =>
    addresses.includes(source) || addresses.includes(destination)
  );
}

/** Packets with the token of the build in them, readable. */
export function tokenPackets({ packets, token }: Play): CapturedPacket[] {
  return packets.filter(({ text }) => text.includes(token));
}

/**
 * Everything the demo claims.
 *
 * @returns In the order in which it is told.
 */
export function makeClaims({ alone, guarded, implant }: Plays): Claim[] {
  const stolen = findThefts(alone);
  const kept = findThefts(guarded);
  const isBuilt = ({ build }: Play) =>
    build.code === 0 && build.stdout.includes(DOWNLOAD);
  return [
    {
      text: "without Sluice the token arrived by HTTPS, by TCP and by DNS",
      holds: stolen.https && stolen.tcp && stolen.dns,
    },
    {
      text: "with Sluice not one packet came to the attacker",
      holds: attackerPackets(guarded).length === 0 &&
        guarded.contacts.length === 0,
    },
    {
      text: "with Sluice no packet and no DNS query held the token",
      holds: tokenPackets(guarded).length === 0 &&
        !kept.https && !kept.tcp && !kept.dns,
    },
    {
      // A capture that saw nothing at all would prove nothing.
      text: "the build's own download worked, without and with Sluice",
      holds: isBuilt(alone) && isBuilt(guarded) && guarded.packets.length > 0,
    },
    {
      text: "the report names each way that was refused",
      holds: [
        /^evil\.test .* refused$/m,
        /^- .*203\.0\.113\.66 +4444 .* refused$/m,
        new RegExp(`^${guarded.token}\\.evil\\.test .* refused$`, "m"),
      ].every((row) => row.test(guarded.build.stderr)),
    },
    {
      text: "git saw no change, though what was built is other than its source",
      holds: implant.build.code === 0 && implant.status === "" &&
        implant.printed === "101 cents\n",
    },
    {
      text:
        "the report names the source, what it was, who changed it and where",
      holds: IMPLANT.every((line) => line.test(implant.build.stderr)),
    },
  ];
}
