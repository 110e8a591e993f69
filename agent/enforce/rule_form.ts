/**
 * A rule's normal form: equal for two spellings of one rule, and only then.
 *
 * iptables prints a rule in words of its own choice: options of one match in
 * its own order, lists as bits of a mask, protocols by name where the machine
 * has a file of names. The order of matches is kept as it was written, by
 * iptables-nft and iptables-legacy alike.
 *
 * @module
 */

/** <linux/in.h>, as iptables or /etc/protocols may name them. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  icmp: "1",
  igmp: "2",
  tcp: "6",
  udp: "17",
  "ipv6-icmp": "58",
  icmpv6: "58",
};

/** Options that begin a match or a target; what follows is theirs. */
const STARTS: ReadonlySet<string> = new Set(["-m", "-j", "-g"]);

/** Options whose number is a protocol's. */
const PROTOCOL_OPTIONS: ReadonlySet<string> = new Set(["-p", "--protocol"]);

interface Option {
  readonly isNot: boolean;
  readonly name: string;
  readonly values: string[];
}

/**
 * Writes a rule in its normal form.
 *
 * @param words What follows `-A CHAIN`, word by word.
 */
export function normalForm(words: readonly string[]): string {
  const groups: Option[][] = [[]];
  let isNot = false;
  for (const word of words) {
    const group = groups.at(-1)!;
    if (word === "!") isNot = true;
    else if (word.startsWith("-") && word.length > 1) {
      const option = { isNot, name: word, values: [] };
      isNot = false;
      if (STARTS.has(word)) groups.push([option]);
      else group.push(option);
    } else group.at(-1)?.values.push(word);
  }
  return groups.map(([first, ...rest]) => {
    if (first === undefined) return "";
    // What names a match comes first, all else has no order.
    const isNamed = STARTS.has(first.name);
    const named = isNamed ? [first] : [];
    const others = (isNamed ? rest : [first, ...rest]).map(writeOption).sort();
    return [...named.map(writeOption), ...others].join(" ");
  }).join("; ");
}

function writeOption({ isNot, name, values }: Option): string {
  const written = values.map((value) => {
    if (PROTOCOL_OPTIONS.has(name)) return PROTOCOLS[value] ?? value;
    // A list is a set: "NEW,ESTABLISHED" is printed in the mask's order. A
    // program is none.
    return value.includes(" ") ? value : value.split(",").sort().join(",");
  });
  return [...(isNot ? ["!"] : []), name, ...written].join(" ");
}

/** The chain that a rule's words lead to; null when it leads to none. */
export function targetOf(words: readonly string[]): string | null {
  const at = words.findLastIndex((word) => word === "-j" || word === "-g");
  return at < 0 ? null : words[at + 1] ?? null;
}
