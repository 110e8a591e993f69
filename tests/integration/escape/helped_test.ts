/** Connections that the kernel expects since it read of them in another one (FTP, IRC). */
import { playClass } from "./corpus.ts";

/** As an administrator tells the kernel which payloads it is to read. */
const HELPERS = `
for chain in OUTPUT PREROUTING; do
  iptables -t raw -A $chain -p tcp -s 198.51.100.10 --dport 7 -j CT --helper irc
  iptables -t raw -A $chain -p tcp -s 192.0.2.2 --dport 7 -j CT --helper irc
done
`;

Deno.test("no connection that a helper expects leads out", (test) =>
  playClass(test, {
    script: "helped",
    allow: ["203.0.113.10:7", "[2001:db8:2::10]:7"],
    outside: "caller",
    setup: HELPERS,
  }));
