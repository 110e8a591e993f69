/**
 * The requests of the Engine API that are passed on: what is not here is not.
 *
 * @see {@link https://docs.docker.com/reference/api/engine/ | Engine API}
 * @module
 */
import type { PlainBody } from "./request_bodies.ts";

/** What a request's body is. */
export type BodyKind =
  /** None: what is there is not passed on. */
  | "none"
  /** Bytes that say nothing about the machine: an archive. */
  | "bytes"
  /** A container to be made. */
  | "create"
  | PlainBody;

/** What follows an answer. */
export type Behind =
  /** Nothing. */
  | "nothing"
  /** The bytes of a terminal, both ways. */
  | "stream"
  /** HTTP/2, in which the runtime asks and the client serves. */
  | "session"
  /** HTTP/2, in which the client asks BuildKit. */
  | "buildkit";

/** One kind of request. */
export interface Route {
  readonly method: string;
  /** All segments, the version left out; a group is what it is about. */
  readonly path: RegExp;
  readonly body: BodyKind;
  readonly behind: Behind;
  /** What the path's group is; its runtime is asked about it before. */
  readonly about: "container" | "exec" | "network" | null;
  /** The only parameters that are passed on; null for any. */
  readonly query: readonly string[] | null;
}

const ONE = "([A-Za-z0-9][A-Za-z0-9_.:-]*)";
const IMAGE = "[A-Za-z0-9_.:@/+~-]+";

const READING: readonly string[] = [
  "_ping",
  "version",
  "info",
  "events",
  "system/df",
  "containers/json",
  "containers/ONE/(?:json|top|logs|stats|changes|export)",
  "images/json",
  "images/search",
  "images/get",
  "images/IMAGE/(?:json|history|get)",
  "distribution/IMAGE/json",
  "networks",
  "networks/ONE",
  "volumes",
  "volumes/ONE",
  "exec/ONE/json",
  "plugins",
  "swarm",
  "nodes",
  "services",
  "tasks",
  "secrets",
  "configs",
];

/** As the runtime itself names them. */
const BUILD_QUERY: readonly string[] = [
  ...["buildargs", "buildid", "cachefrom", "cpuperiod", "cpuquota"],
  ...["cpusetcpus", "cpusetmems", "cpushares", "dockerfile", "extrahosts"],
  ...["forcerm", "labels", "memory", "memswap", "nocache", "outputs"],
  ...["platform", "pull", "q", "remote", "rm", "session", "shmsize", "squash"],
  ...["t", "target", "ulimits", "version"],
];

/** All of them. */
export const ROUTES: readonly Route[] = [
  ...READING.flatMap((path) => [route("GET", path), route("HEAD", path)]),
  ...["GET", "HEAD"].map((method) =>
    route(method, "containers/ONE/archive", { about: "container" })
  ),
  route("PUT", "containers/ONE/archive", { about: "container", body: "bytes" }),
  post("containers/create", { body: "create", query: ["name", "platform"] }),
  // Its parameters could name a checkpoint, by a path of the machine.
  post("containers/ONE/start", { about: "container", query: ["detachKeys"] }),
  post("containers/ONE/restart", { about: "container" }),
  post("containers/ONE/(?:stop|kill|wait|resize|pause|unpause|rename)"),
  post("containers/ONE/update", { about: "container", body: "update" }),
  post("containers/ONE/attach", { about: "container", behind: "stream" }),
  post("containers/ONE/exec", { about: "container", body: "exec" }),
  post("containers/prune"),
  route("DELETE", "containers/ONE"),
  post("exec/ONE/start", {
    ...{ about: "exec", body: "execStart", behind: "stream" },
  }),
  post("exec/ONE/resize"),
  post("commit", { body: "commit" }),
  post("auth", { body: "auth" }),
  post("images/create", { body: "bytes" }),
  post("images/load", { body: "bytes" }),
  post("images/prune"),
  post("images/IMAGE/(?:push|tag)"),
  route("DELETE", "images/IMAGE"),
  post("build", { body: "bytes", query: BUILD_QUERY }),
  post("build/(?:prune|cancel)"),
  post("session", { behind: "session" }),
  post("grpc", { behind: "buildkit" }),
  post("networks/create", { body: "network" }),
  post("networks/prune"),
  post("networks/ONE/connect", { about: "network", body: "connect" }),
  post("networks/ONE/disconnect", { body: "disconnect" }),
  route("DELETE", "networks/ONE"),
  post("volumes/create", { body: "volume" }),
  post("volumes/prune"),
  route("DELETE", "volumes/ONE"),
];

function post(
  path: string,
  more: Partial<Omit<Route, "method" | "path">> = {},
): Route {
  return route("POST", path, more);
}

function route(
  method: string,
  path: string,
  more: Partial<Omit<Route, "method" | "path">> = {},
): Route {
  const pattern = path.replace("ONE", ONE).replace("IMAGE", IMAGE);
  const plain = { body: "none", behind: "nothing", about: null, query: null };
  return {
    ...plain as Omit<Route, "method" | "path">,
    ...more,
    method,
    path: new RegExp(`^${pattern}$`),
  };
}
