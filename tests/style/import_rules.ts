/**
 * Who may import whom, and why: the design's section 1 as a table.
 *
 * @module
 */
import type { Import, Module } from "./imports.ts";
import { isUnder } from "./tree.ts";

/** What one part of the tree may depend on, beside itself. */
export interface ImportRule {
  /** A folder, or a file, from the root; the first that fits decides. */
  readonly part: string;
  readonly files: readonly string[];
  /** Packages and `node:` modules by the only files that may use them. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  readonly why: string;
}

const ERRORS = "agent/errors.ts";

/** The table. Whoever adds a stage adds its row and its reason. */
export const IMPORT_RULES: readonly ImportRule[] = [
  {
    part: "ffi",
    files: [],
    packages: {},
    why:
      "ffi/ names C symbols and knows no policy, so a binding can be reviewed against its header alone",
  },
  {
    part: ERRORS,
    files: [],
    packages: {},
    why:
      "every stage may throw an AgentError, so whatever errors.ts imported would be in every stage",
  },
  {
    part: "agent/observe",
    files: ["ffi", "agent/decode", ERRORS],
    packages: {
      // A policy may name a program by its content.
      "node:crypto": [
        "agent/observe/program_hashes.ts",
        "agent/observe/files/content_hash.ts",
        "agent/observe/git/index_bytes.ts",
        "agent/observe/git/object_id.ts",
        "agent/observe/git/stored_as.ts",
      ],
    },
    why:
      "observe/ says what the kernel tells and does not judge it; a policy seen from there could change what is seen",
  },
  {
    part: "agent/decode",
    files: [],
    packages: {
      // QUIC's first packets are encrypted with keys that stand in them.
      "node:crypto": ["agent/decode/quic_crypto.ts"],
      // git keeps its objects deflated.
      "node:zlib": ["agent/decode/inflate.ts"],
    },
    why:
      "decode/ reads hostile bytes while the packet is held: pure and without dependencies it can be fuzzed alone and nothing else can throw or hang in it",
  },
  {
    part: "agent/decide",
    files: ["agent/decode", ERRORS],
    packages: {
      "node:url": ["agent/decide/host.ts"],
      yaml: ["agent/decide/policy_yaml.ts"],
      valibot: [
        "agent/decide/policy_file.ts",
        "agent/decide/policy_issue.ts",
        "agent/decide/policy_shape.ts",
      ],
      // Two contents of a source file, far from any packet.
      diff: ["agent/decide/text_diff.ts"],
    },
    why:
      "decide/ is pure, so that a replayed journal decides as the run did; packages only read the policy file, before any packet waits, and compare texts in the process thread",
  },
  {
    part: "agent/enforce",
    files: ["ffi", "agent/decode", ERRORS],
    packages: {},
    why:
      "enforce/ carries out a decision and does not make one; there must be one place only that lets a packet out",
  },
  {
    part: "agent/record",
    files: ["ffi", ERRORS],
    packages: {
      valibot: ["agent/record/event_schema.ts", "agent/record/read.ts"],
    },
    why:
      "a journal outlives the agent's version, so its format must not follow the types of another stage; only reading one back, far from any packet, may use a package",
  },
  {
    part: "agent/report",
    files: ["agent/record", "agent/action/workflow_command.ts", ERRORS],
    packages: {},
    why:
      "a report is rendered on a laptop from a journal alone, without the kernel, the policy or the library",
  },
  {
    part: "agent/processes",
    files: ["agent", "ffi"],
    packages: {},
    why:
      "the stages meet here for processes, as they meet in agent/*.ts for packets; it is a thread of the root process, so these add no package to it",
  },
  {
    part: "agent/files",
    files: ["agent", "ffi"],
    packages: {},
    why:
      "the stages meet here for files, in the process thread: it is a thread of the root process, so only text_diff.ts of decide/ brings a package into it",
  },
  {
    part: "agent/action",
    files: [],
    packages: {
      ...Object.fromEntries(
        ["fs", "path", "crypto", "net", "child_process", "zlib"].map(
          (name) => [`node:${name}`, ["agent/action"]],
        ),
      ),
    },
    why:
      "the runner's Node starts the entries unbuilt: they need nothing but Node, and hold nothing that decides",
  },
  {
    part: "agent/job",
    files: ["agent", "ffi"],
    packages: {},
    why:
      "the stages meet here for a job of GitHub's; it is the root process, so these add no package to it",
  },
  {
    part: "agent/service",
    files: ["agent", "ffi"],
    packages: {},
    why:
      "the stages meet here for a machine whose runner has no sudo; it is a root process that anybody may connect to, so these add no package to it",
  },
  {
    part: "agent/migrate",
    files: ["agent/decode", "agent/decide", "agent/job", ERRORS],
    packages: { yaml: ["agent/migrate"] },
    why:
      "migrate/ turns one text into another, so that it can be tried without a machine to guard",
  },
  {
    part: "agent/containers",
    files: ["agent", "ffi"],
    packages: {},
    why:
      "the stages meet here for requests to container runtimes, in a thread of the root process: these add no package to it",
  },
  {
    part: "agent",
    files: ["agent", "ffi"],
    packages: {
      "node:path": ["agent"],
      "node:util": ["agent"],
      // Whose a name is, is a list that its registries keep.
      tldts: ["agent/tunnel_watch.ts"],
    },
    why:
      "the stages meet in agent/*.ts; but for tunnel_watch.ts, which hears of packets when they are gone, these add no package to the root process, and no node: module that touches files, network or processes",
  },
  {
    part: "mod.ts",
    files: ["agent"],
    packages: {},
    why: "mod.ts is the only barrel and hands out what the stages export",
  },
  {
    part: "tests",
    files: [""],
    packages: { "": ["tests"] },
    why: "tests may use everything",
  },
];

const CLI = "agent/cli.ts";

/**
 * Everything one module imports against the table.
 *
 * @returns One sentence each: file, import, reason.
 */
export function findForbidden(module: Module): string[] {
  if (ruleFor(module.path) === null) {
    return [
      `${module.path} belongs to no part of the tree that import_rules.ts knows: a new stage needs a row that says whom it may import, and why`,
    ];
  }
  return module.imports.flatMap((found) => {
    const why = whyForbidden(module.path, found);
    return why === null ? [] : [
      `${module.path} imports ${found.specifier ?? "a computed name"}: ${why}`,
    ];
  });
}

/** The row for a module; null when no row is for its folder. */
export function ruleFor(path: string): ImportRule | null {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const rules = IMPORT_RULES.filter(({ part }) =>
    // The row of agent/ is for its entry points, not for a stage without one.
    part === "agent" ? folder === part : isUnder(path, [part])
  );
  return rules[0] ?? null;
}

/** What is against one import of a module that has a rule. */
function whyForbidden(from: string, found: Import): string | null {
  const rule = ruleFor(from)!;
  if (rule.part === "tests") return null;
  if (found.specifier === null) {
    return "what is loaded must be readable from the source, or none of these rules holds";
  }
  if (found.path === CLI) {
    return "cli.ts is where a process starts: importing it would run nothing, and tie a stage to flags and exit codes";
  }
  if (found.path !== null) {
    return isUnder(found.path, [rule.part, ...rule.files]) ? null : rule.why;
  }
  const users = Object.hasOwn(rule.packages, found.package!)
    ? rule.packages[found.package!]!
    : [];
  return isUnder(from, users) ? null : rule.why;
}
