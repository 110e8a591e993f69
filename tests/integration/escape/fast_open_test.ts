/** Data in the SYN (TCP Fast Open), also with MPTCP. */
import { playClass } from "./corpus.ts";

Deno.test("no data in a SYN leads out", (test) =>
  playClass(test, {
    script: "fast_open",
    allow: ["allowed.test:80"],
    setup: "echo 5 > /proc/sys/net/ipv4/tcp_fastopen",
  }));
