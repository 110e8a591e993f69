/**
 * What is asked about in a flow that was let go: datagrams that may open
 * another QUIC connection in it, to another name.
 *
 * @module
 */
import { MARK, MARK_MASK } from "./marks.ts";
import { connmark, type Guarded, hex, portMatches, type Rule } from "./rule.ts";

/**
 * The match is the kernel's classic BPF: the header's length varies, and u32 is
 * missing from more kernels.
 */
const BPF = {
  LOAD_LENGTH: 0x80, // <linux/filter.h>: BPF_LD | BPF_W | BPF_LEN
  LOAD_BYTE: 0x30, // BPF_LD | BPF_B | BPF_ABS
  LOAD_BYTE_X: 0x50, // BPF_LD | BPF_B | BPF_IND
  LOAD_X_HEADER: 0xb1, // BPF_LDX | BPF_B | BPF_MSH
  JUMP_EQUAL: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  JUMP_AT_LEAST: 0x35, // BPF_JMP | BPF_JGE | BPF_K
  JUMP_ANY_BIT: 0x45, // BPF_JMP | BPF_JSET | BPF_K
  RETURN: 0x06, // BPF_RET | BPF_K
} as const;

const IPV6_NEXT_HEADER = 6;
const HEADER_BYTES = { 4: 20, 6: 40 } as const;
const UDP = { NUMBER: 17, HEADER_BYTES: 8 } as const;
/** RFC 8999 section 5.1: the first bit of a packet that can open a connection. */
const LONG_HEADER = 0x80;
/**
 * Two datagrams of 1200 bytes, below which servers discard what would open a
 * connection (RFC 9000 section 14.1). A packet of that size may be several
 * datagrams (UDP_SEGMENT), of which the rules see the first byte of one.
 */
const SEGMENTED_BYTES = 2400;

/** Code, jump if true, jump if false, operand. */
type Instruction = readonly [number, number, number, number];

/**
 * To the given chain instead of being let by with their flow.
 *
 * In every table: in one alone, a rule of somebody else's in front of it would
 * let them by.
 */
export function openingRules(
  guarded: Guarded,
  of: { readonly family: 4 | 6; readonly end: string },
): Rule[] {
  const { saidPorts, slot } = guarded;
  const { family, end } = of;
  const matches = saidPorts === null
    ? [["-p", "udp"]]
    : portMatches("udp", { ports: saidPorts, flag: "--dports" });
  const program = render(family === 4 ? program4() : program6());
  return matches.map((match) => [
    ...match,
    ...connmark(slot.allowMark),
    // What the server answers has the same port where the client's is any.
    ...["-m", "conntrack", "--ctdir", "ORIGINAL"],
    ...["-m", "bpf", "--bytecode", program, "-g", end],
  ]);
}

/**
 * Tells the packet thread that a packet's flow was let go. With nobody on the
 * queue the mark stays, and is no verdict.
 */
export function openFlowRules({ saidPorts, slot }: Guarded): Rule[] {
  if (saidPorts?.length === 0) return [];
  const set = ["--set-xmark", `${hex(MARK.OPEN)}/${hex(MARK_MASK)}`];
  return [["-p", "udp", ...connmark(slot.allowMark), "-j", "MARK", ...set]];
}

function program4(): Instruction[] {
  const longest = HEADER_BYTES[4] + UDP.HEADER_BYTES + SEGMENTED_BYTES;
  return [
    [BPF.LOAD_LENGTH, 0, 0, 0],
    [BPF.JUMP_AT_LEAST, 3, 0, longest],
    [BPF.LOAD_X_HEADER, 0, 0, 0],
    [BPF.LOAD_BYTE_X, 0, 0, UDP.HEADER_BYTES],
    [BPF.JUMP_ANY_BIT, 0, 1, LONG_HEADER],
    [BPF.RETURN, 0, 0, 1],
    [BPF.RETURN, 0, 0, 0],
  ];
}

/** With extension headers, it is asked about whatever is behind them. */
function program6(): Instruction[] {
  const payloadAt = HEADER_BYTES[6] + UDP.HEADER_BYTES;
  return [
    [BPF.LOAD_LENGTH, 0, 0, 0],
    [BPF.JUMP_AT_LEAST, 4, 0, payloadAt + SEGMENTED_BYTES],
    [BPF.LOAD_BYTE, 0, 0, IPV6_NEXT_HEADER],
    [BPF.JUMP_EQUAL, 0, 2, UDP.NUMBER],
    [BPF.LOAD_BYTE, 0, 0, payloadAt],
    [BPF.JUMP_ANY_BIT, 0, 1, LONG_HEADER],
    [BPF.RETURN, 0, 0, 1],
    [BPF.RETURN, 0, 0, 0],
  ];
}

/** As `--bytecode` takes it. */
function render(program: readonly Instruction[]): string {
  const lines = program.map((instruction) => instruction.join(" "));
  return `${program.length},${lines.join(",")}`;
}
