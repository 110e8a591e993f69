import assert from "node:assert/strict";
import { ContainerClients } from "../../../agent/processes/container_clients.ts";
import {
  type ProcessAct,
  ProcessTree,
} from "../../../agent/processes/process_tree.ts";
import { exec, exit, fork, keyOf } from "./acts.ts";

const ID = "4f5e1a0b".repeat(8);
const OTHER = "9c3d7e21".repeat(8);
const DOCKER = "/usr/bin/docker";

function hearing() {
  const tree = new ProcessTree({ isInside: true });
  const clients = new ContainerClients();
  const hear = (...acts: readonly ProcessAct[]) => {
    for (const act of acts) clients.hear(act, tree.take(act));
  };
  const begin = (pid: number) => {
    hear(fork(1, pid));
    tree.beginTree(keyOf(pid));
  };
  begin(10);
  begin(20);
  hear(fork(10, 11), fork(20, 21));
  return { clients, hear };
}

const ROWS: readonly {
  name: string;
  acts: readonly ProcessAct[];
  root: number | null;
}[] = [
  { name: "nobody", acts: [], root: null },
  {
    name: "a client that starts it",
    acts: [exec(11, [DOCKER, "start", ID])],
    root: 10,
  },
  {
    name: "a client that starts it, by a part of its id",
    acts: [exec(11, [DOCKER, "container", "start", "-a", ID.slice(0, 12)])],
    root: 10,
  },
  {
    name: "two clients of one step",
    acts: [
      ...[fork(10, 12), exec(11, [DOCKER, "start", ID])],
      exec(12, [DOCKER, "start", ID]),
    ],
    root: 10,
  },
  {
    name: "clients of two steps",
    acts: [exec(11, [DOCKER, "start", ID]), exec(21, [DOCKER, "start", ID])],
    root: null,
  },
  {
    name: "a client that starts another",
    acts: [exec(11, [DOCKER, "start", OTHER])],
    root: null,
  },
  {
    name: "a client that only looks",
    acts: [exec(11, [DOCKER, "logs", "-f", ID])],
    root: null,
  },
  {
    name: "a client that starts it by a name, which can be another's",
    acts: [exec(11, [DOCKER, "start", "web"])],
    root: null,
  },
  {
    name: "a client that has ended",
    acts: [exec(11, [DOCKER, "start", ID]), exit(11)],
    root: null,
  },
  {
    name: "a client that is another program by now",
    acts: [exec(11, [DOCKER, "start", ID]), exec(11, ["/bin/sh"])],
    root: null,
  },
  {
    name: "a program that is no client",
    acts: [exec(11, ["/bin/echo", "start", ID])],
    root: null,
  },
];

for (const { name, acts, root } of ROWS) {
  Deno.test(`ContainerClients finds who has a container started: ${name}`, () => {
    const { clients, hear } = hearing();
    hear(...acts);
    assert.equal(clients.rootOf(ID)?.pid ?? null, root);
  });
}
