import assert from "node:assert/strict";
import type { Consequence, Policy } from "../../../agent/decide/policy.ts";
import { isRed } from "../../../agent/job_verdict.ts";
import type { Event } from "../../../agent/record/event.ts";
import { aggregate } from "../../../agent/report/aggregate.ts";
import { agent, connection, fileChange } from "../report/samples.ts";

const REFUSED = connection({ enforced: true });
const OVERWRITTEN = fileChange();
const TOLD = fileChange({ overwritten: false, rule: "path: a" });
const TAMPERED = agent("tampered", { second: 1 });

const ROWS: readonly {
  readonly name: string;
  readonly events?: readonly Event[];
  readonly egress?: Policy["egress"];
  readonly denied?: Consequence;
  readonly overwritten?: Consequence;
  readonly lost?: number;
  readonly isTampered?: boolean;
  readonly red: boolean;
}[] = [
  { name: "nothing", denied: "fail", overwritten: "fail", red: false },
  { name: "a refusal", events: [REFUSED], denied: "fail", red: true },
  { name: "a refusal that warns", events: [REFUSED], red: false },
  {
    name: "a refusal, where only sources fail",
    events: [REFUSED],
    overwritten: "fail",
    red: false,
  },
  {
    name: "an overwritten source",
    events: [OVERWRITTEN],
    overwritten: "fail",
    red: true,
  },
  {
    name: "an overwritten source in audit mode",
    events: [OVERWRITTEN],
    overwritten: "fail",
    egress: "audit",
    red: true,
  },
  {
    name: "an overwritten source that warns",
    events: [OVERWRITTEN],
    red: false,
  },
  {
    name: "an overwritten source that nobody minds",
    events: [OVERWRITTEN],
    overwritten: "ignore",
    denied: "fail",
    red: false,
  },
  {
    name: "a source that may be changed",
    events: [TOLD],
    overwritten: "fail",
    red: false,
  },
  {
    name: "lost events, where denied fails",
    lost: 1,
    denied: "fail",
    red: true,
  },
  {
    name: "lost events, where sources fail",
    lost: 1,
    overwritten: "fail",
    red: true,
  },
  { name: "lost events that warn", lost: 1, red: false },
  { name: "tampering", isTampered: true, red: true },
  { name: "tampering by the journal", events: [TAMPERED], red: true },
  {
    name: "tampering in audit mode",
    isTampered: true,
    egress: "audit",
    red: false,
  },
];

for (const { name, red, ...row } of ROWS) {
  Deno.test(`isRed() says ${red} of ${name}`, () => {
    const { events = [], lost = 0, isTampered = false } = row;
    const { egress = "block", denied = "warn", overwritten = "warn" } = row;
    const findings = { summary: aggregate(events), lost, isTampered };
    const on = { denied, overwritten };
    assert.equal(isRed(findings, { egress, on }), red);
  });
}
