/**
 * The decoders of text: files of the system, lines of /proc.
 *
 * @module
 */
import { decodeHostName } from "../../agent/decode/host_name.ts";
import { decodeHosts } from "../../agent/decode/hosts_file.ts";
import { findCgroup2Mount } from "../../agent/decode/mountinfo.ts";
import { decodePasswd } from "../../agent/decode/passwd.ts";
import {
  decodeArguments,
  decodeProcStat,
  decodeUnifiedCgroup,
} from "../../agent/decode/proc.ts";
import { decodeProcNet } from "../../agent/decode/proc_net.ts";
import { decodeQueueTable } from "../../agent/decode/queue_table.ts";
import { decodeNameservers } from "../../agent/decode/resolv_conf.ts";
import { parseAddress } from "../../agent/decode/address.ts";
import { ascii } from "../unit/decode/hellos.ts";
import { decodeTwice } from "./purity.ts";
import { must, type Target } from "./target.ts";

const SEEDS = [
  "127.0.0.1 localhost a.example # b\n::1 ip6-localhost\n",
  "nameserver 192.0.2.53\nsearch example.org\nnameserver fe80::1%eth0\n",
  "root:x:0:0:root:/root:/bin/bash\nbuild:x:1001:1001:,,,:/home/b:/bin/sh\n",
  "31 23 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
  "4711 (a) b (c)) S 1 4711 4711 0 -1 4194560 0 0 0 0 1 2 0 0 20 0 1 0 99 0\n",
  "12:pids:/a\n0::/system.slice/x.service\n",
  "curl\0-s\0https://a.example/\0",
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt" +
  "   uid  timeout inode\n   0: 0100007F:0035 00000000:0000 07 00000000:00000000" +
  " 00:00000000 00000000  1001        0 13707 2 0000000000000000 0\n",
  " 8300   4711     0 2 65531     0     0        0  1\n",
  "xn--bcher-kva.example.",
];

/** Every decoder of text reads every text. */
export function textTarget(): Target {
  return {
    name: "text",
    seeds: SEEDS.map(ascii),
    tokens: [
      ...["\n", "\0", " ", "\t", "#", ":", "/", "\\040", "\\", ")", "0::/"],
      ...["nameserver ", " - cgroup2 ", "255.255.255.255", "::", "\xc3\xa9"],
    ].map(ascii),
    ...{ maxBytes: 1024, batch: 256 },
    run: runAll,
  };
}

function runAll(input: Uint8Array): void {
  decodeTwice(input, decodeProcStat);
  decodeTwice(input, decodeArguments);
  decodeTwice(input, decodeUnifiedCgroup);
  const host = decodeTwice(input, decodeHostName);
  if (host.ok) {
    must(!/[^a-z0-9._:[\]-]/.test(host.value), "a host name is plain");
  }
  const text = new TextDecoder().decode(input);
  for (const { names } of decodeHosts(text)) {
    must(names.every((name) => !/\s/.test(name)), "a name has no space");
  }
  for (const server of decodeNameservers(text)) {
    must(server !== "", "a name server is something");
  }
  decodePasswd(text);
  decodeProcNet(text);
  decodeQueueTable(text);
  findCgroup2Mount(text);
  parseAddress(text);
}
