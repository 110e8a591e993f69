import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { decodeBtf } from "../../agent/decode/btf.ts";
import { MAX_ARGUMENT_BYTES } from "../../agent/decode/proc.ts";
import { LAYOUT_TYPES } from "../../agent/observe/bpf/layout.ts";
import { loadPrograms } from "../../agent/observe/bpf/loading.ts";
import { BpfSource } from "../../agent/observe/bpf/source.ts";
import { Bpf } from "../../ffi/bpf.ts";
import { countMisses } from "../../ffi/bpf_info.ts";
import { PROGRAM_INFO } from "../../ffi/bpf_objects.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { readFile, tryReadText } from "../../ffi/files.ts";
import { Libc } from "../../ffi/libc.ts";
import { waitUntil } from "../lab/wait.ts";
import { hearing, run } from "./bpf_hearing.ts";

const MAIN = fileURLToPath(new URL("hear_main.ts", import.meta.url));
const LOAD = [Deno.execPath(), "run", "-A", "--no-check", MAIN];

/** <asm/unistd.h>, enum bpf_cmd */
const NR_BPF = Deno.build.arch === "aarch64" ? 280n : 321n;
const BPF = { PROG_GET_FD_BY_ID: 13, MAP_GET_FD_BY_ID: 14 } as const;

/** Without these many records, the ring buffer is full. */
const TOO_MANY = 60_000;

/** An argument, and so often that it fills the ring buffer. */
const LONG = "0123456789".repeat(3_000);
const FILLING = 300;
const LONG_SHOWN = LONG.slice(0, MAX_ARGUMENT_BYTES) +
  `…[+${LONG.length - MAX_ARGUMENT_BYTES} bytes]`;

/** Instructions with every way that leads to them, 50 ms for twice as many. */
const MANY_FOLLOWED = 25_000;
const DESCRIPTORS = "/proc/self/fdinfo";

Deno.test("BpfSource says how much was lost when nobody reads, and goes on", async () => {
  await hearing(async (heard, { acts, nothing }) => {
    // This blocks, and so nothing is read meanwhile.
    const { code } = new Deno.Command(acts, {
      args: ["spin", `${TOO_MANY}`, nothing],
    }).outputSync();
    assert.equal(code, 0);
    const { exec } = await run(heard, { path: nothing, args: ["after"] });
    assert.deepEqual(exec.args, [nothing, "after"]);
    let lost = 0;
    let heardOf = 0;
    for (const record of heard.records) {
      if (record.kind === "lost") lost += record.count;
      else heardOf++;
    }
    assert.ok(lost > 0);
    assert.ok(lost + heardOf >= 3 * TOO_MANY);
    const { lineage } = heard.source;
    assert.equal(lineage.find(exec.pid), null);
  });
});

Deno.test("BpfSource hears records whole where its buffer begins again", async () => {
  await hearing(async (heard, { nothing }) => {
    const script = `for i in $(seq ${FILLING}); do "$0" "$i" "$1"; done`;
    const args = ["-c", script, nothing, LONG];
    const { pid } = await run(heard, { path: "/bin/sh", args });
    const found = heard.all("exec").filter(({ parentPid, exe }) =>
      parentPid === pid && exe === nothing
    );
    const wanted = Array.from(
      { length: FILLING },
      (_, index) => [nothing, `${index + 1}`, LONG_SHOWN],
    );
    assert.deepEqual(found.map((record) => record.args), wanted);
    assert.ok(heard.records.every(({ kind }) => kind !== "lost"));
  });
});

Deno.test("BpfSource gives the verifier little to follow", () => {
  using libc = new Libc();
  using _source = new BpfSource(libc);
  const verified = [...Deno.readDirSync(DESCRIPTORS)].flatMap(({ name }) => {
    const text = tryReadText(libc, `${DESCRIPTORS}/${name}`) ?? "";
    return [...text.matchAll(/^verified_insns:\t(\d+)$/gm)];
  }).map(([, count]) => Number(count));
  assert.equal(verified.length, 4);
  assert.ok(Math.max(...verified) < MANY_FOLLOWED, `${verified}`);
});

const REFUSED: readonly { name: string; command: readonly string[] }[] = [
  {
    name: "without the right to load programs",
    command: ["/usr/bin/setpriv", "--bounding-set=-all", ...LOAD],
  },
  {
    name: "in another pid namespace",
    command: ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", ...LOAD],
  },
  {
    name: "without the types of the kernel",
    command: [
      ...["/usr/bin/unshare", "--mount", "/bin/sh", "-c"],
      `mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"`,
      ...LOAD,
    ],
  },
  {
    name: "with types that end too early",
    command: [
      ...["/usr/bin/unshare", "--mount", "/bin/sh", "-c"],
      `cp /sys/kernel/btf/vmlinux "$B" && truncate -s 5000000 "$B" && ` +
      `mount --bind "$B" /sys/kernel/btf/vmlinux && exec "$0" "$@"`,
      ...LOAD,
    ],
  },
];

for (const { name, command } of REFUSED) {
  Deno.test(`BpfSource refuses to be made ${name}`, async () => {
    const btf = await Deno.makeTempFile();
    try {
      const [path, ...args] = command;
      const { stdout } = await new Deno.Command(path!, {
        args,
        env: { B: btf },
      }).output();
      const said = JSON.parse(new TextDecoder().decode(stdout));
      assert.deepEqual(said, { code: "bpf_unavailable", fds: 0 });
    } finally {
      await Deno.remove(btf);
    }
  });
}

Deno.test("BpfSource leaves nothing in the kernel when its process is killed", async () => {
  const [path, ...args] = LOAD;
  const child = new Deno.Command(path!, { args, stdout: "piped" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  const { programs, maps } = JSON.parse(value!);
  assert.ok(programs.length > 0 && maps.length > 0);
  using libc = new Libc();
  const isThere = (command: number, id: number) => {
    const attribute = new Uint8Array(144);
    new DataView(attribute.buffer).setUint32(0, id, true);
    const { symbols } = libc;
    const fd = symbols.bpf(NR_BPF, command, attribute, attribute.length);
    if (fd >= 0) symbols.close(fd);
    return fd >= 0;
  };
  const count = () =>
    programs.filter((id: number) => isThere(BPF.PROG_GET_FD_BY_ID, id))
      .length +
    maps.filter((id: number) => isThere(BPF.MAP_GET_FD_BY_ID, id)).length;
  assert.equal(count(), programs.length + maps.length);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  await waitUntil(() => count() === 0, { what: "the kernel to forget all" });
});

Deno.test("countMisses() reads what the kernel counts of a program", () => {
  using libc = new Libc();
  const bytes = readFile(libc, "/sys/kernel/btf/vmlinux", 1 << 26);
  const decoded = decodeBtf(bytes, ["bpf_prog_info", ...LAYOUT_TYPES]);
  assert.ok(decoded.ok);
  const btf = decoded.value;
  const at = btf.offsetOf("bpf_prog_info", "recursion_misses");
  assert.equal(at, PROGRAM_INFO.misses);
  using bpf = new Bpf(libc);
  const { programs, fds } = loadPrograms(libc, bpf);
  try {
    assert.equal(programs.length, 3);
    for (const fd of programs) assert.equal(countMisses(libc, fd), 0);
    assert.throws(() => countMisses(libc, -1), SystemCallError);
  } finally {
    for (const fd of fds) libc.symbols.close(fd);
  }
});
