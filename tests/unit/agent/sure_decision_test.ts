import assert from "node:assert/strict";
import type { Owner } from "../../../agent/attribution.ts";
import type { Decision, Sender } from "../../../agent/decide/decision.ts";
import { NOBODY } from "../../../agent/scopes.ts";
import { decideSurely } from "../../../agent/sure_decision.ts";

const CURL = "/usr/bin/curl";
/** Another who holds the socket. */
const OTHER: Sender = { exe: "/usr/bin/wget", step: null };

function decisionOf(why: Decision["why"], rule: string | null): Decision {
  const decision = why.startsWith("allowed_") ? "allow" : "deny";
  return { decision, enforced: true, why, rule, names: [] };
}

/** By an entry for everybody, by one for curl only, and by none. */
const OPEN = decisionOf("allowed_name", "a.example");
const SCOPED = decisionOf("allowed_name", "curl's");
const NOT_THEIRS = decisionOf("process_not_allowed", null);
const DENIED = decisionOf("denied_by_rule", "b.example");

/** What the policy says to each program, and what it must come to. */
const ROWS: readonly {
  name: string;
  exe: string | null | undefined;
  says: { readonly known: Decision; readonly unknown: Decision };
  isSure: boolean;
  isAsked: boolean;
  decision: Decision;
  /** Whether it is for that program only; false when left out. */
  isScoped?: boolean;
}[] = [
  {
    name: "by what is said of anybody, for an unknown sender",
    exe: undefined,
    says: { known: SCOPED, unknown: NOT_THEIRS },
    isSure: true,
    isAsked: false,
    decision: NOT_THEIRS,
  },
  {
    name: "by an open entry, for an unknown sender",
    exe: undefined,
    says: { known: DENIED, unknown: OPEN },
    isSure: false,
    isAsked: false,
    decision: OPEN,
  },
  {
    name: "by a scoped entry, for the only program on the socket",
    exe: CURL,
    says: { known: SCOPED, unknown: NOT_THEIRS },
    isSure: true,
    isAsked: true,
    decision: SCOPED,
    isScoped: true,
  },
  {
    name: "as for anybody, for a socket that others hold too",
    exe: CURL,
    says: { known: SCOPED, unknown: NOT_THEIRS },
    isSure: false,
    isAsked: true,
    decision: NOT_THEIRS,
  },
  {
    name: "by what denies anybody, for a socket that others hold too",
    exe: CURL,
    says: { known: SCOPED, unknown: DENIED },
    isSure: false,
    isAsked: true,
    decision: DENIED,
  },
  {
    name: "by the sender's own entry where an open one allows it too",
    exe: CURL,
    says: { known: SCOPED, unknown: OPEN },
    isSure: false,
    isAsked: false,
    decision: SCOPED,
  },
  {
    name: "by what denies the sender, whoever else holds its socket",
    exe: CURL,
    says: { known: DENIED, unknown: OPEN },
    isSure: true,
    isAsked: false,
    decision: DENIED,
  },
  {
    name: "as for anybody, for a process whose program is not known",
    exe: null,
    says: { known: SCOPED, unknown: NOT_THEIRS },
    isSure: true,
    isAsked: false,
    decision: NOT_THEIRS,
  },
];

for (const row of ROWS) {
  const { name, exe, says, isSure, isAsked, decision, isScoped = false } = row;
  Deno.test(`decideSurely() decides ${name}`, () => {
    const owner: Owner | null = exe === undefined ? null : ownerOf(exe);
    const sender = exe === undefined ? NOBODY : { exe, step: null };
    const asked: Owner[] = [];
    const attribution = {
      senderOf: () => sender,
      isSure(of: Owner, accept: (one: Sender) => boolean): boolean {
        asked.push(of);
        return accept(isSure ? sender : OTHER);
      },
    };
    const decide = (by: Sender) =>
      by.exe === null || by === OTHER ? says.unknown : says.known;

    assert.deepEqual(
      decideSurely(owner, { attribution, decide }),
      { decision, isScoped },
    );
    // To look at every process costs what a packet should not wait for.
    assert.deepEqual(asked, isAsked ? [owner] : []);
  });
}

function ownerOf(exe: string | null): Owner {
  const process = {
    pid: 4711,
    exe,
    program: exe,
    args: [],
    startTicks: 1,
    parentPid: 1,
    container: null,
  };
  return { process, uid: 1000, inode: 7, descent: null, isForwarded: false };
}
