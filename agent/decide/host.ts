/**
 * Host names and host patterns as people write them.
 *
 * @module
 */
import { domainToASCII } from "node:url";
import { quote, Refusal } from "./refusal.ts";

/** RFC 1035 section 2.3.4: 255 bytes on the wire are 253 as text. */
const MAX_NAME_CHARACTERS = 253;
/** RFC 1035 section 2.3.4. */
const MAX_LABEL_CHARACTERS = 63;

// Service names such as _https._tcp need the underscore (RFC 2782).
const LABEL = /^[a-z0-9_*-]+$/;
/** What C libraries take for an IPv4 address: decimal, or hexadecimal. */
const NUMBER_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const ASCII = /^[\x20-\x7e]*$/;

/**
 * Reads a host name or pattern.
 *
 * @param text As its author wrote it: any case, perhaps with a last dot, perhaps
 * not in ASCII.
 * @returns Lower case ASCII without the last dot, for `matchHost`.
 * @throws {Refusal} When no host can have this name, or when the pattern would
 * name every host.
 */
export function readHost(text: string): string {
  const host = toAscii(text).toLowerCase().replace(/\.$/, "");
  if (host === "*" || host === "") {
    throw host === "*"
      ? new Refusal(
        "a bare * names every host, at least one label is needed",
        "To let everything out and only record it, use --egress audit",
      )
      : new Refusal(
        "the host is empty, a name or an address is needed",
        "Write a host such as api.example.com",
      );
  }
  if (host.length > MAX_NAME_CHARACTERS) {
    throw new Refusal(
      `the host has ${host.length} characters, at most ${MAX_NAME_CHARACTERS} can be looked up`,
      "Shorten it, or use *. for its first labels",
    );
  }
  const labels = host.split(".");
  for (const label of labels) checkLabel(label);
  checkLastLabel(labels);
  return host;
}

function toAscii(text: string): string {
  if (ASCII.test(text)) return text;
  const host = domainToASCII(text);
  if (host !== "") return host;
  throw new Refusal(
    `the host ${quote(text)} has no ASCII form, one is needed for DNS`,
    "Write its xn-- form",
  );
}

function checkLabel(label: string): void {
  if (label === "") {
    throw new Refusal(
      "the host has an empty label, one dot between labels is needed",
      "Remove the leading or doubled dot; *. in front names all subdomains",
    );
  }
  if (label.length > MAX_LABEL_CHARACTERS) {
    throw new Refusal(
      `the label ${
        quote(label)
      } has ${label.length} characters, DNS has at most ${MAX_LABEL_CHARACTERS}`,
      "Check the spelling of the host",
    );
  }
  if (!LABEL.test(label)) {
    throw new Refusal(
      `the label ${quote(label)} holds a character that host names do not have`,
      "Use letters, digits, - and _; several entries are written one by one",
    );
  }
  if (label.includes("**")) {
    throw new Refusal(
      `the label ${quote(label)} has two * side by side, one is needed`,
      "Write *. in front for any depth, or one * for one label",
    );
  }
}

function checkLastLabel(labels: readonly string[]): void {
  const last = labels.at(-1)!;
  if (NUMBER_LABEL.test(last)) {
    throw new Refusal(
      "the host ends in a number, as only addresses do, and is no address",
      "Write an IPv4 address as four decimal numbers: 192.0.2.1",
    );
  }
  if (!last.includes("*")) return;
  const allNumbers = labels.every((label) => /^[0-9*]+$/.test(label));
  throw new Refusal(
    "the last label has a *, and anyone can register such a name",
    allNumbers
      ? "Write a range of addresses with a prefix: 192.0.2.0/24"
      : "Write the last label out: *.example.com",
  );
}
