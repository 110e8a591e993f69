/**
 * Decides whether a request to a container runtime is passed on.
 *
 * @module
 */
import type { HttpHead } from "../../decode/http_head.ts";
import { decodeHttpPath, encodeHttpPath } from "../../decode/http_query.ts";
import type { Json } from "../../decode/strict_json.ts";
import { judgeCreateBody } from "./create_body.ts";
import { isEmpty } from "./json_rules.ts";
import type { JudgedBody, Question } from "./judged_body.ts";
import { judgePlainBody } from "./request_bodies.ts";
import { type Behind, type BodyKind, type Route, ROUTES } from "./routes.ts";

/** A request that is passed on if its body is well, and the answers. */
export interface RoutedRequest {
  readonly method: string;
  /** To be sent: the same path and query in one spelling. */
  readonly target: string;
  readonly body: BodyKind;
  readonly behind: Behind;
  readonly questions: readonly Question[];
}

/** Where a request leads, or why it is refused: half a sentence. */
export type Routed =
  | { readonly ok: true; readonly value: RoutedRequest }
  | { readonly ok: false; readonly why: string };

const VERSION = /^v1\.([0-9]{1,3})$/;
/** Older ones take a container's settings with the request that starts it. */
const OLDEST_MINOR = 24;
/** As the command line sends it: of a builder, the default network. */
const PLAIN_NETWORKS: ReadonlySet<string> = new Set(["", "default", "none"]);

/**
 * Finds out what a request is.
 *
 * @param head Its target is read in one way only, and sent in that.
 */
export function routeRequest(head: HttpHead): Routed {
  const decoded = decodeHttpPath(head.target);
  if (!decoded.ok) return refuse(`its ${decoded.why}`);
  const { segments, query } = decoded.value;
  const version = VERSION.exec(segments[0]!);
  if (version !== null && Number(version[1]) < OLDEST_MINOR) {
    return refuse(`${segments[0]} of the API is too old to be read`);
  }
  const path = segments.slice(version === null ? 0 : 1).join("/");
  const { method, upgrade } = head;
  for (const route of ROUTES) {
    if (route.method !== method) continue;
    const found = route.path.exec(path);
    if (found === null) continue;
    const against = queryAgainst(route, query) ??
      upgradeAgainst(route, upgrade);
    if (against !== null) return refuse(against);
    const { about, body, behind } = route;
    const passed = route.query === null
      ? query
      : query.filter(([name]) => route.query!.includes(name));
    return {
      ok: true,
      value: {
        ...{ method, body, behind },
        target: encodeHttpPath({ segments, query: passed }),
        questions: about === null ? [] : [{ kind: about, name: found[1]! }],
      },
    };
  }
  return refuse(`${method} /${path} is none that a container needs`);
}

/** Judges the body that belongs to a request. */
export function judgeBody(kind: BodyKind, body: Json): JudgedBody {
  switch (kind) {
    case "create":
      return judgeCreateBody(body);
    case "bytes":
    case "none":
      return {
        ok: true,
        value: { binds: [], questions: [], write: () => null },
      };
    default:
      return judgePlainBody(kind, body);
  }
}

/** What is dropped must say nothing, as readers may know it by another case. */
function queryAgainst(
  { query: known }: Route,
  query: readonly (readonly [string, string])[],
): string | null {
  if (known === null) return null;
  const network = query.filter(([name]) => name === "networkmode");
  const others = query.filter(([name, value]) =>
    name !== "networkmode" && !known.includes(name) && !isUnsaid(value)
  );
  const odd = others[0] ??
    network.find(([, value]) => !PLAIN_NETWORKS.has(value));
  return odd === undefined ? null : `its parameter ${odd[0]}=${odd[1]}`;
}

function isUnsaid(value: string): boolean {
  return isEmpty(value) || ["0", "false", "null", "[]", "{}"].includes(value);
}

function upgradeAgainst(
  { behind }: Route,
  upgrade: string | null,
): string | null {
  if (upgrade === null) {
    const isOffer = behind === "session" || behind === "buildkit";
    return isOffer ? "it offers no session" : null;
  }
  const wanted = behind === "stream" ? "tcp" : "h2c";
  const isWanted = behind !== "nothing" && upgrade === wanted;
  return isWanted ? null : `it would change to ${upgrade}`;
}

function refuse(why: string): Routed {
  return { ok: false, why };
}
