import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { Guarding } from "./guarding.ts";

const SOURCE = fileURLToPath(new URL("./short_lived.c", import.meta.url));
const SITE = "203.0.113.10";
const CONNECTIONS = 10_000;
const PARALLEL = 4;
const LIFE_MS = 5;
const TIMEOUT_MS = 120_000;

Deno.test("each of 10,000 connections of processes that live 5 ms is told with its process", async () => {
  await using lab = await Lab.up();
  const program = `${lab.directory}/short_lived`;
  const strict = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];
  await runOrThrow(["gcc", ...strict, "-o", program, SOURCE]);
  const guard = await Guarding.arm(lab, {
    egress: "block",
    allow: [`${SITE}:443`],
  });
  const { code, stdout, stderr } = await lab.in("run", [
    ...[program, CONNECTIONS, PARALLEL, LIFE_MS, SITE, 443].map(String),
  ], { timeoutMs: TIMEOUT_MS });
  assert.equal(code, 0, stderr);
  const made = stdout.trim().split("\n");
  assert.equal(made.length, CONNECTIONS);
  await guard.stop();
  const told = (await guard.events()).flatMap((event) =>
    event.kind === "connection"
      ? `${event.source.port} ${event.process?.pid ?? "unknown"}`
      : []
  );
  // A port is used again by another process when the first is done with it.
  assert.deepEqual(told.filter((line) => line.endsWith("unknown")), []);
  assert.deepEqual(told.toSorted(), made.toSorted());
});
