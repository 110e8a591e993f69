/**
 * What fanotify writes, event by event.
 *
 * @module
 */
import { decodeFanotifyEvent } from "../../agent/decode/fanotify_event.ts";
import { decodeMounts } from "../../agent/decode/mountinfo.ts";
import { hex } from "../hex.ts";
import {
  FANOTIFY_ITSELF,
  FANOTIFY_LOST,
  FANOTIFY_MADE,
  FANOTIFY_WRITTEN,
} from "../unit/decode/fanotify_samples.ts";
import { decodeTwice } from "./purity.ts";
import { must, type Target } from "./target.ts";

const MAX_BYTES = 1024;
const BATCH = 1024;
const LATIN = new TextDecoder("latin1");

/** A whole read(2) of events; and the same bytes as a table of mounts. */
export function fanotifyTarget(): Target {
  const events = [
    FANOTIFY_WRITTEN,
    FANOTIFY_MADE,
    FANOTIFY_ITSELF,
    FANOTIFY_LOST,
  ];
  const mount = "90 32 254:0 /a\\040b / rw shared:1 - ext4 /dev/x rw\n";
  return {
    name: "fanotify",
    seeds: [hex(events.join("")), new TextEncoder().encode(mount)],
    tokens: [hex("02002400"), hex("01002000"), hex("18000000"), hex("0300")],
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      for (let at = 0; at < input.length;) {
        const decoded = decodeTwice(
          input,
          (bytes) => decodeFanotifyEvent(bytes, at),
        );
        if (!decoded.ok) break;
        const { bytes, directory, name, file } = decoded.value;
        for (const span of [directory, name, file]) {
          if (span === null) continue;
          must(span.start >= at, "a place is not before its event");
          must(span.end <= at + bytes, "a place is not behind its event");
          must(span.start <= span.end, "a place does not end before it begins");
        }
        at += bytes;
      }
      for (const { mountPoint } of decodeMounts(LATIN.decode(input))) {
        must(mountPoint.length <= input.length, "a name is not made longer");
      }
    },
  };
}
