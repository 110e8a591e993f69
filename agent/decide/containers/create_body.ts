/**
 * Judges a request to make a container: `POST /containers/create`.
 *
 * @module
 */
import {
  isJsonObject,
  type Json,
  type JsonObject,
} from "../../decode/strict_json.ts";
import {
  CONTAINER_RULES,
  HOST_RULES,
  isVolumeName,
  MOUNT_RULES,
} from "./host_config.ts";
import { isEmpty, onlyKnown, shown, whatIsAgainst } from "./json_rules.ts";
import type { BindWish, JudgedBody, Question } from "./judged_body.ts";
import { judgeNetworking } from "./request_bodies.ts";

/** Words behind the second colon of `-v`; the others share mounts, or relabel. */
const MODES: ReadonlySet<string> = new Set([
  ...["ro", "rw", "nocopy", "z", "Z", "private", "rprivate", "slave", "rslave"],
  ...["cached", "consistent", "default", "delegated"],
]);
/** `container:NAME`, of a namespace. */
const JOINED = /^container:(.+)$/;
/** A container's volumes: a name, and how. */
const VOLUMES_FROM = /^([A-Za-z0-9][A-Za-z0-9_.-]*)(?::(?:ro|rw|z|Z|nocopy))?$/;

/** What is found out about the members that have a source. */
class Sources {
  readonly binds: BindWish[] = [];
  readonly questions: Question[] = [];
  against: string | null = null;

  /** One of `Binds`; what gives it back with another source. */
  addBind(value: Json): (sources: readonly string[]) => Json {
    const parts = typeof value === "string" ? value.split(":") : [];
    const [source = "", target = "", mode = "rw"] = parts;
    const modes = mode.split(",");
    const isKnown = parts.length <= 3 && modes.every((each) => MODES.has(each));
    // With one part only it is a volume without a name.
    const isAlone = parts.length === 1 && source.startsWith("/");
    if (!isAlone && !(isKnown && target.startsWith("/"))) {
      return this.#refuse(`Binds: ${shown(value)}`);
    }
    if (isAlone) return () => value;
    if (!source.startsWith("/")) {
      if (!this.#addVolume(source)) {
        return this.#refuse(`Binds: ${shown(value)}`);
      }
      return () => value;
    }
    const index = this.binds.length;
    const isReadOnly = modes.includes("ro");
    this.binds.push({ source, isReadOnly, isMade: true });
    return (sources) => [sources[index], target, mode].join(":");
  }

  /** One of `Mounts`. */
  addMount(value: Json): (sources: readonly string[]) => Json {
    if (!isJsonObject(value)) return this.#refuse(`Mounts: ${shown(value)}`);
    const against = whatIsAgainst(value, MOUNT_RULES);
    const { Type: type, Source: source = "" } = value;
    if (against !== null) return this.#refuse(`Mounts: ${against}`);
    const known = onlyKnown(value, MOUNT_RULES);
    if (type === "bind" && typeof source === "string") {
      if (!source.startsWith("/")) {
        return this.#refuse(`Mounts: ${shown(source)}`);
      }
      const index = this.binds.length;
      const isReadOnly = value.ReadOnly === true;
      const isMade = isJsonObject(value.BindOptions) &&
        value.BindOptions.CreateMountpoint === true;
      this.binds.push({ source, isReadOnly, isMade });
      return (sources) => ({ ...known, Source: sources[index]! });
    }
    const isVolume = type === "volume" && typeof source === "string" &&
      (source === "" || this.#addVolume(source));
    const isTmpfs = type === "tmpfs" && isEmpty(source);
    return isVolume || isTmpfs
      ? () => known
      : this.#refuse(`Mounts: ${shown(value)}`);
  }

  /** One of `VolumesFrom`. */
  addVolumesFrom(value: Json): (sources: readonly string[]) => Json {
    const found = typeof value === "string" ? VOLUMES_FROM.exec(value) : null;
    if (found === null) return this.#refuse(`VolumesFrom: ${shown(value)}`);
    this.questions.push({ kind: "container", name: found[1]! });
    return () => value;
  }

  /** Namespaces and networks that are not its own. */
  addJoined(host: JsonObject): void {
    for (const name of ["IpcMode", "NetworkMode", "PidMode"]) {
      const value = host[name];
      if (typeof value !== "string" || value === "") continue;
      const found = JOINED.exec(value);
      if (found !== null) {
        this.questions.push({ kind: "container", name: found[1]! });
      } else if (name === "NetworkMode" && value !== "default") {
        this.questions.push({ kind: "network", name: value });
      }
    }
  }

  #addVolume(name: string): boolean {
    if (!isVolumeName(name)) return false;
    this.questions.push({ kind: "volume", name });
    return true;
  }

  #refuse(against: string): () => Json {
    this.against ??= against;
    return () => null;
  }
}

/** Judges the body of a request to make a container. */
export function judgeCreateBody(body: Json): JudgedBody {
  if (!isJsonObject(body)) return refuse("its body is no object");
  const { HostConfig: host, NetworkingConfig: networking, ...config } = body;
  const own = whatIsAgainst(config, CONTAINER_RULES);
  if (own !== null) return refuse(own);
  const { against, questions } = judgeNetworking(networking ?? null);
  if (against !== null) return refuse(against);
  const judged = judgeHost(host ?? null);
  if (!judged.ok) return judged;
  const { value } = judged;
  return {
    ok: true,
    value: {
      binds: value.binds,
      questions: [...questions, ...value.questions],
      write: (sources) => ({
        ...onlyKnown(config, CONTAINER_RULES),
        HostConfig: value.write(sources),
        NetworkingConfig: networking ?? null,
      }),
    },
  };
}

/** Judges a `HostConfig`, of a container that is to be made or that is there. */
export function judgeHost(host: Json): JudgedBody {
  if (host === null) {
    return {
      ok: true,
      value: { binds: [], questions: [], write: () => null },
    };
  }
  if (!isJsonObject(host)) return refuse(`HostConfig: ${shown(host)}`);
  const { Binds, Mounts, VolumesFrom, ...rest } = host;
  const against = whatIsAgainst(rest, HOST_RULES);
  if (against !== null) return refuse(against);
  const sources = new Sources();
  const binds = listOf(Binds).map((each) => sources.addBind(each));
  const mounts = listOf(Mounts).map((each) => sources.addMount(each));
  const from = listOf(VolumesFrom).map((each) => sources.addVolumesFrom(each));
  sources.addJoined(rest);
  if (sources.against !== null) return refuse(sources.against);
  return {
    ok: true,
    value: {
      binds: sources.binds,
      questions: sources.questions,
      write: (held) => ({
        ...onlyKnown(rest, HOST_RULES),
        Binds: binds.map((write) => write(held)),
        Mounts: mounts.map((write) => write(held)),
        VolumesFrom: from.map((write) => write(held)),
      }),
    },
  };
}

/** @returns A list of one odd value for what is no list. */
function listOf(value: Json | undefined): readonly Json[] {
  if (isEmpty(value)) return [];
  return Array.isArray(value) ? value : [value!];
}

function refuse(why: string): JudgedBody {
  return { ok: false, why };
}
