/**
 * What a client says by itself, and what that is judged by.
 *
 * @module
 */
import type { HttpAuthority, HttpForm } from "../decode/http_target.ts";
import type { Decision } from "./decision.ts";
import type { FlowWorld } from "./flow.ts";

/** IANA: what is spoken on these ports says a name, so nothing else is. */
export const HTTPS_PORT = 443;
/** As {@linkcode HTTPS_PORT}. */
export const HTTP_PORT = 80;

/** What a client said in a flow. */
export type Said =
  & (
    /** TLS or QUIC; the name is null when it gives none. */
    | { readonly kind: "tls"; readonly name: string | null }
    /** HTTP/1; the name is null when it gives none. */
    | {
      readonly kind: "http";
      readonly name: string | null;
      /** Null for the port that the connection goes to. */
      readonly port: number | null;
      /** `absolute` and `authority` (CONNECT) are for a proxy. */
      readonly form: HttpForm;
    }
    /** Neither, as far as its first bytes tell. */
    | { readonly kind: "other" }
    /** One of them, in a way that servers could read differently. */
    | { readonly kind: "unreadable" }
    /** There was no room to listen. */
    | { readonly kind: "forgotten" }
  )
  & {
    /** Where the tunnel leads that it is said in, if a proxy opened it. */
    readonly through?: HttpAuthority;
  };

/** What the second look depends on beside the flow. */
export interface SaidWorld extends FlowWorld {
  readonly said: Said;
  /** The decision about the flow's first packet. */
  readonly first: Decision;
}
