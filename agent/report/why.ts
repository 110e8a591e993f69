/**
 * What each `why` code of the journal means, in words for a person.
 *
 * @module
 */

/** One code explained. */
export interface WhyText {
  /** One sentence: what was found. */
  readonly meaning: string;
  /** One sentence: what the reader can do. */
  readonly remedy: string;
}

const NOTHING = "There is nothing to do.";

// By string and not by type: a journal may hold codes of a later agent. A test
// compares this table with the codes that the agent can give.
const WHY: ReadonlyMap<string, WhyText> = new Map([
  ["allowed_name", {
    meaning: "An allow entry names this host.",
    remedy: NOTHING,
  }],
  ["allowed_address", {
    meaning: "An allow entry names this address.",
    remedy: NOTHING,
  }],
  ["internal_interface", {
    meaning: "The packet does not leave this machine.",
    remedy: NOTHING,
  }],
  ["open_before_arming", {
    meaning: "The connection was open before Sluice watched, so it lives on.",
    remedy: NOTHING,
  }],
  ["dhcp", {
    meaning: "The machine asks for its own address.",
    remedy: NOTHING,
  }],
  ["denied_by_rule", {
    meaning: "A deny entry names it, and deny wins over every allow entry.",
    remedy: "If the build needs it, remove or narrow that entry.",
  }],
  ["name_not_allowed", {
    meaning: "No allow entry names this host.",
    remedy: "If the build needs it, add the host.",
  }],
  ["address_not_allowed", {
    meaning: "No entry names this address, and no allowed name leads to it.",
    remedy: "If the build needs it, add its name or the address with its port.",
  }],
  ["port_not_allowed", {
    meaning: "The policy allows this endpoint, but on another port.",
    remedy: "If the build needs it, add the endpoint with this port.",
  }],
  ["protocol_not_allowed", {
    meaning: "The policy does not allow this protocol to this endpoint.",
    remedy: "Entries name tcp, udp or icmp; nothing else can be allowed.",
  }],
  ["process_not_allowed", {
    meaning: "The policy allows this to another process or step only.",
    remedy: "Add an entry for this process too, or one for every process.",
  }],
  ["sni_not_allowed", {
    meaning:
      "In TLS the client says a name that is not allowed at this address.",
    remedy: "If the build needs it, add that name, and connect where it leads.",
  }],
  ["host_not_allowed", {
    meaning:
      "In HTTP the client says a host that is not allowed at this address.",
    remedy: "If the build needs it, add that host, and connect where it leads.",
  }],
  ["proxy_not_allowed", {
    meaning: "It is asked to go on to another host, as an HTTP proxy is.",
    remedy: "If it is your proxy, name it under proxy in the policy.",
  }],
  ["name_missing", {
    meaning:
      "The client says no name, or speaks neither TLS (443) nor HTTP (80).",
    remedy:
      "If the address itself is meant, add it: then no name is asked for.",
  }],
  ["name_unreadable", {
    meaning:
      "What the client says can be read in two ways, or ends in the middle.",
    remedy:
      "If the address itself is meant, add it: then no name is asked for.",
  }],
  ["too_many_flows", {
    meaning: "So many connections were waiting to be read that this was not.",
    remedy: "Find out what opens so many connections, and try again.",
  }],
  ["resolver_not_allowed", {
    meaning: "The query goes to a server that is not this machine's resolver.",
    remedy: "Use the machine's resolver, or name the server with --resolver.",
  }],
  ["dns_malformed", {
    meaning: "What goes to the DNS port is not one plain DNS question.",
    remedy: "No entry allows it: find out what this process sends.",
  }],
  ["tunnel_limit", {
    meaning:
      "Too much was asked under one wildcard that was never asked before.",
    remedy: "Name the hosts that are meant, or raise dns.unseen in the policy.",
  }],
  // Of agents that did not look into DNS over TCP.
  ["dns_over_tcp", {
    meaning: "The name was asked for over TCP, where Sluice did not look.",
    remedy: "Run it again: Sluice judges DNS over TCP by now.",
  }],
  ["source_forged", {
    meaning: "It was sent in the name of an address that is not the sender's.",
    remedy: "No entry allows it: find out what runs there.",
  }],
  ["fragment", {
    meaning: "The packet is a fragment, which does not say where it goes.",
    remedy: "No entry allows it: send packets that fit the path.",
  }],
  ["packet_malformed", {
    meaning: "The packet's headers contradict each other.",
    remedy: "No entry allows it: find out what this process sends.",
  }],
]);

/**
 * Explains a code.
 *
 * @param code From a journal, so any text at all.
 * @returns The words; for an unknown code the code itself is in them, unescaped.
 */
export function whyText(code: string): WhyText {
  return WHY.get(code) ?? {
    meaning: `The agent says "${code.slice(0, 40)}".`,
    remedy: "A newer Sluice wrote this journal and can explain it.",
  };
}
