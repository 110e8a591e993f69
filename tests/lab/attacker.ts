/**
 * What the attacker has got, for a test to look at.
 *
 * @module
 */
import { attackerJournalPath, type AttackerRecord } from "./attacker_server.ts";
import { runOrThrow } from "./command.ts";
import { ADDRESSES } from "./topology.ts";
import { waitUntil } from "./wait.ts";

const MARKER_PORT = 4444;
const MARKER = "the attacker's own marker ";

/** The attacker as a test sees it. */
export class Attacker {
  readonly #journalPath: string;
  readonly #enter: readonly string[];

  /**
   * @param directory The lab's own.
   * @param enter The command prefix that leads into `out`.
   */
  constructor(directory: string, enter: readonly string[]) {
    this.#journalPath = attackerJournalPath(directory);
    this.#enter = enter;
  }

  /**
   * Every byte that arrived so far, one character each, contact by contact.
   *
   * What came over TLS is there twice: as it was sent, and decrypted.
   */
  async received(): Promise<string> {
    const texts = new Map<number, string>();
    for (const { contact, bytes } of await this.contacts()) {
      texts.set(contact, (texts.get(contact) ?? "") + bytes);
    }
    return [...texts.values()].join("\n");
  }

  /**
   * Every connection that was opened and every piece that came, oldest first.
   *
   * A datagram of the attacker's own goes last through the same loop, so what
   * arrived before the call is in the result.
   */
  async contacts(): Promise<AttackerRecord[]> {
    const marker = `${MARKER}${crypto.randomUUID()}`;
    const target = `/dev/udp/${ADDRESSES.attacker.ipv4}/${MARKER_PORT}`;
    await runOrThrow([
      ...this.#enter,
      ...["bash", "-c", `printf %s "$0" > "${target}"`, marker],
    ]);
    let records: AttackerRecord[] = [];
    await waitUntil(async () => {
      records = await this.#read();
      return records.some(({ bytes }) => bytes === marker);
    }, { what: "the attacker's own datagram" });
    return records.filter(({ bytes }) => !bytes.startsWith(MARKER));
  }

  /**
   * Waits until `text` has arrived.
   *
   * @param text What a test sent.
   * @throws {Error} When it has not after 5 seconds.
   */
  async waitFor(text: string): Promise<void> {
    await waitUntil(async () => (await this.received()).includes(text), {
      what: `"${text}" at the attacker`,
    });
  }

  async #read(): Promise<AttackerRecord[]> {
    const lines = (await Deno.readTextFile(this.#journalPath)).split("\n");
    // The last piece is empty, or a line that is still being written.
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  }
}
