/**
 * What a runtime says of a container: `GET /containers/ID/json` of Docker's
 * Engine API, which Podman answers as well.
 *
 * @see {@link https://docs.docker.com/reference/api/engine/ | Engine API}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** A container as its runtime made it. Text is as its author wrote it, cut. */
export interface ContainerFacts {
  readonly id: string;
  /** Without the slash in front. */
  readonly name: string;
  /** As it was asked for: a name, or an id. */
  readonly image: string;
  readonly isPrivileged: boolean;
  /** Such as `host`, `container:ID`, or empty, by the name of the namespace. */
  readonly modes: Readonly<Record<string, string>>;
  /** Paths of the machine that it sees, sources of volumes left out. */
  readonly hostPaths: readonly string[];
  readonly capabilities: readonly string[];
  /** Paths of devices on the machine. */
  readonly devices: readonly string[];
  /** Such as `seccomp=unconfined`. */
  readonly securityOptions: readonly string[];
}

const MAX_TEXT = 1_024;
const MAX_LIST = 256;

/** Namespaces by their key in `HostConfig`. */
const MODES = {
  NetworkMode: "network",
  PidMode: "pid",
  IpcMode: "ipc",
  UTSMode: "uts",
  UsernsMode: "userns",
  CgroupnsMode: "cgroupns",
} as const;

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads what a runtime said.
 *
 * @param body UTF-8 text; the caller bounds its length.
 * @returns The container, or why the text was refused. What is missing, or of
 * another type, counts as not set.
 */
export function decodeContainerInspect(
  body: Uint8Array,
): Decoded<ContainerFacts> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return refuse("is no JSON");
  }
  const container = asValues(value);
  const id = asText(container.Id);
  if (!/^[0-9a-f]{64}$/.test(id)) return refuse("has no id");
  const host = asValues(container.HostConfig);
  const modes = Object.entries(MODES).map(([key, name]) =>
    [name, asText(host[key])] as const
  );
  return {
    ok: true,
    value: {
      id,
      name: asText(container.Name).replace(/^\//, ""),
      image: asText(asValues(container.Config).Image),
      isPrivileged: host.Privileged === true,
      modes: Object.fromEntries(modes),
      hostPaths: hostPaths(container),
      capabilities: asList(host.CapAdd).map(asText),
      devices: asList(host.Devices).map((device) =>
        asText(asValues(device).PathOnHost)
      ),
      securityOptions: asList(host.SecurityOpt).map(asText),
    },
  };
}

/** What is mounted in fact, which is also what `-v` and `--mount` came to. */
function hostPaths(container: Values): string[] {
  return asList(container.Mounts).map(asValues)
    .filter(({ Type }) => Type === "bind")
    .map(({ Source }) => asText(Source));
}

function asValues(value: unknown): Values {
  const isObject = typeof value === "object" && value !== null;
  return isObject ? value as Values : {};
}

function asText(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : "";
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_LIST) : [];
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `container ${why}` };
}
