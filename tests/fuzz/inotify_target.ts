/**
 * What inotify tells, event after event.
 *
 * @module
 */
import { decodeInotifyEvent } from "../../agent/decode/inotify_event.ts";
import { hex } from "../hex.ts";
import { decodeTwice } from "./purity.ts";
import { must, type Target } from "./target.ts";

/** Reads of several events, as the kernel gives them. */
export function inotifyTarget(): Target {
  return {
    name: "inotify",
    seeds: [
      `01000000 00010040 00000000 10000000 6e657700 00000000 00000000 00000000
       02000000 00800000 00000000 00000000`,
      "ffffffff 00400000 00000000 00000000",
    ].map(hex),
    tokens: [hex("10000000"), hex("ffffffff"), hex("00")],
    ...{ maxBytes: 512, batch: 1024 },
    run(input) {
      for (let at = 0; at < input.length;) {
        const event = decodeTwice(
          input.subarray(at),
          (bytes) => decodeInotifyEvent(bytes, 0),
        );
        if (!event.ok) return;
        const { bytes, name } = event.value;
        must(bytes >= 16, "an event is as long as its head");
        must(at + bytes <= input.length, "an event ends within what was read");
        must(
          name?.length !== 0 && !name?.includes(0),
          "a name has no end in it",
        );
        at += bytes;
      }
    },
  };
}
