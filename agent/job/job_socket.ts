/**
 * Where the entries of the action find a job's guard: a line each way.
 *
 * @module
 */
import { JOB_SOCKET } from "../action/protocol.ts";
import { AgentError } from "../errors.ts";
import { makeDirectories, ownership } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { Socket } from "../../ffi/sockets.ts";
import { cString } from "../../ffi/text.ts";
import {
  acceptNext,
  hasPeerEnded,
  openStreamSocket,
  peerOf,
  unixAddress,
} from "../../ffi/unix_sockets.ts";
import { WakeUp } from "../../ffi/wake_up.ts";
import { JobClient } from "./job_client.ts";
import { lookBy, processAt, type ProcessId } from "./process_id.ts";
import { failure, reasonOf } from "./reply.ts";

const BACKLOG = 64;
const MAX_CLIENTS = 64;
const UNANSWERED = "What was asked could not be answered";

/** What it asks and tells. */
export interface JobSocketOptions {
  readonly path: string;
  /**
   * Answers one line of a process, null when that had ended before it was
   * served; both lines without their end.
   */
  readonly answer: (line: string, asker: ProcessId | null) => Promise<string>;
  /** Told of an answer that has thrown; the asker is told as well. */
  readonly onFailure: (why: string) => void;
}

/**
 * Where the guard with a state directory listens.
 *
 * @param state As the command line names it; undefined for the usual one.
 */
export function jobSocketPath(state: string | undefined): string {
  return state === undefined ? JOB_SOCKET : `${state}-job/socket`;
}

/** Listens from when it is made until {@linkcode JobSocket.close}. */
export class JobSocket {
  readonly #libc: Libc;
  readonly #options: JobSocketOptions;
  readonly #stopping: WakeUp;
  readonly #socket: Socket;
  readonly #clients = new Set<JobClient>();
  readonly #listening: Promise<void>;

  /**
   * @param libc Must outlive this object.
   * @throws {AgentError} `state_unusable`.
   */
  constructor(libc: Libc, options: JobSocketOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#socket = listen(libc, options.path);
    this.#stopping = new WakeUp(libc);
    this.#listening = this.#listen();
  }

  /** Takes the place away, and ends all connections. */
  async close(): Promise<void> {
    this.#stopping.set();
    await this.#listening;
    await Promise.all([...this.#clients].map((client) => client.end()));
    this.#socket[Symbol.dispose]();
    this.#stopping[Symbol.dispose]();
    const { path } = this.#options;
    this.#libc.symbols.unlink(cString(path));
    this.#libc.symbols.rmdir(cString(path.slice(0, path.lastIndexOf("/"))));
  }

  async #listen(): Promise<void> {
    for (;;) {
      await this.#stopping.orReadable(this.#socket.fd);
      if (this.#stopping.isSet) return;
      const fd = acceptNext(this.#libc, this.#socket.fd);
      if (fd < 0) {
        // Without descriptors it stays readable: not at once again.
        await this.#stopping.orAfter(10);
        continue;
      }
      this.#serve(fd);
    }
  }

  #serve(fd: number): void {
    // Whoever connects and says nothing makes room for others.
    if (this.#clients.size >= MAX_CLIENTS) {
      const [oldest] = this.#clients;
      void oldest!.end();
      this.#clients.delete(oldest!);
    }
    const asker = askerOf(this.#libc, fd);
    const client = new JobClient(this.#libc, {
      fd,
      answer: (line) => this.#answer(line, asker),
    });
    this.#clients.add(client);
    client.served.then(() => this.#clients.delete(client));
  }

  async #answer(line: string, asker: ProcessId | null): Promise<string> {
    const { answer, onFailure } = this.#options;
    try {
      return await answer(line, asker);
    } catch (error) {
      const why = `${UNANSWERED}: ${reasonOf(error)}`;
      onFailure(why);
      return JSON.stringify(failure("Sluice has failed", `${why}.`));
    }
  }
}

/** Once: by the time it has said its line, its pid may be another's. */
function askerOf(libc: Libc, fd: number): ProcessId | null {
  const found = processAt(lookBy(libc), peerOf(libc, fd).pid);
  // Behind that look, which was at the one that has connected, then.
  return hasPeerEnded(libc, fd) ? null : found;
}

function listen(libc: Libc, path: string): Socket {
  const socket = openStreamSocket(libc);
  const directory = path.slice(0, path.lastIndexOf("/"));
  try {
    makeDirectories(libc, directory, 0o755);
    libc.check("chmod", libc.symbols.chmod(cString(directory), 0o755));
    const { uid, isShared } = ownership(libc, directory);
    if (uid !== libc.symbols.geteuid() || isShared) throw notOurs(directory);
    libc.symbols.unlink(cString(path));
    socket.bind(unixAddress(path));
    libc.check("chmod", libc.symbols.chmod(cString(path), 0o666));
    socket.listen(BACKLOG);
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    if (!(error instanceof SystemCallError)) throw error;
    throw new AgentError("state_unusable", {
      what: `Cannot listen at "${path}"`,
      why: error.message,
      hint: "Look for what stands in the way there",
      cause: error,
    });
  }
}

function notOurs(directory: string): AgentError {
  return new AgentError("state_unusable", {
    what: `Cannot listen in "${directory}"`,
    why: "others may write there, only root must",
    hint: "Remove the directory",
  });
}
