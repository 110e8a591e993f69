/**
 * A connection to BuildKit whose client says anything.
 *
 * @module
 */
import {
  BEGINNING,
  call,
  data,
  Ends,
  fields,
  INFO,
  join,
  message,
  notAllowed,
  SOLVE,
  text,
} from "../unit/containers/http2_words.ts";
import { must, type Target } from "./target.ts";

const HARMLESS = message(text(1, "ref"));
const RIGHT = message(text(9, "network.host"));

/** First what the client says; the runtime has answered before. */
export function buildkitTarget(): Target {
  const solve = (bytes: readonly number[]) =>
    join(call(1, SOLVE), data(1, { bytes, isEnd: true }));
  const ask = join(call(1, INFO), data(1, { bytes: message(), isEnd: true }));
  return {
    name: "buildkit",
    seeds: [solve(HARMLESS), solve(RIGHT), ask],
    tokens: [
      ...[call(3, SOLVE), call(3, INFO), data(1, { bytes: RIGHT })],
      ...[Uint8Array.of(0, 0, 0, 1, 1), Uint8Array.of(0xbe)],
    ],
    ...{ maxBytes: 1024, batch: 256 },
    run(input) {
      const whole = relay([input]);
      const half = input.length >> 1;
      const cut = relay([input.subarray(0, half), input.subarray(half)]);
      for (const { ends } of [whole, cut]) {
        must(
          notAllowed(ends.runtime) === null,
          "all that is passed is allowed",
        );
        // It throws for what cannot be read.
        must(ends.client.length >= 0, "a client can read what it is told");
      }
      must(whole.goesOn === cut.goesOn, "pieces are no other message");
    },
  };
}

function relay(pieces: readonly Uint8Array[]) {
  const ends = new Ends();
  ends.relay.fromClient(BEGINNING);
  const goesOn = pieces.every((piece) => ends.relay.fromClient(piece.slice()));
  ends.relay.fromRuntime(fields(1, { fields: [[":status", "200"]] }));
  return { ends, goesOn };
}
