import { assertRefused, AUDIT, type Refusal } from "./refusal.ts";

const JOURNALS: readonly Refusal[] = [
  { name: "in no directory", at: "none/j", said: /ENOENT/ },
  {
    name: "on a file system for reading",
    setup: 'mount -t tmpfs -o ro tmpfs "$0/small"',
    at: "small/j",
    said: /EROFS/,
  },
  {
    name: "on a full file system",
    setup: `mount -t tmpfs -o size=64k tmpfs "$0/small"
      head -c 65536 /dev/zero > "$0/small/fill"`,
    at: "small/j",
    said: /ENOSPC/,
  },
  {
    name: "that is a device",
    setup: 'mknod "$0/device" c 1 3',
    at: "device",
    said: /holds something else/,
  },
  {
    name: "that is a device that is always full",
    setup: 'mknod "$0/device" c 1 7',
    at: "device",
    said: /holds something else/,
  },
  { name: "that is a directory", at: "small", said: /EISDIR/ },
  {
    name: "that is a link",
    setup: 'ln -s target "$0/link"; :> "$0/target"',
    at: "link",
    said: /ELOOP/,
  },
  {
    name: "that is another text",
    setup: 'printf "precious\\n" > "$0/text"',
    at: "text",
    said: /holds something else/,
  },
  {
    name: "that is a text without a line break",
    setup: 'printf "precious" > "$0/text"',
    at: "text",
    said: /holds something else/,
  },
  {
    name: "that is binary",
    setup: 'head -c 3000 /dev/zero > "$0/text"',
    at: "text",
    said: /holds something else/,
  },
  { name: "that is a pipe", setup: 'mkfifo "$0/pipe"', at: "pipe", said: /./ },
].map(({ name, setup, at, said }) => ({
  name: `a journal ${name}`,
  setup: `mkdir "$0/small"\n${setup ?? ""}`,
  args: ["--journal", at, ...AUDIT],
  code: 3,
  said: [said, /--journal/],
}));

const COMMANDS: readonly Refusal[] = [
  {
    name: "a command that is not there",
    args: ["--egress", "audit", "--", "no-such-program-of-mine"],
    code: 127,
    said: [/"no-such-program-of-mine": no such program/, /spelling/],
  },
  {
    name: "a path that is not there",
    args: ["--egress", "audit", "--", "./none"],
    code: 127,
    said: [/"\.\/none": no such program/, /spelling/],
  },
  {
    name: "a file that is not executable",
    setup: 'echo true > "$0/plain"',
    args: ["--egress", "audit", "--", "./plain"],
    code: 126,
    said: [/plain" is not executable/, /./],
  },
  {
    name: "a directory as a command",
    args: ["--egress", "audit", "--", "/etc"],
    code: 126,
    said: [/"\/etc" is not executable/, /./],
  },
  {
    name: "an executable that is none",
    setup: 'printf "\\1\\2\\3" > "$0/odd"; chmod +x "$0/odd"',
    args: ["--egress", "audit", "--", "./odd"],
    code: 126,
    said: [/ENOEXEC/, /starts in/],
    // Only execve(2) can tell, and it is asked when the guard is armed.
    wasArmed: true,
  },
  {
    name: "an empty name as a command",
    args: ["--egress", "audit", "--", ""],
    code: 127,
    said: [/"": no such program/, /spelling/],
  },
];

for (const row of [...JOURNALS, ...COMMANDS]) {
  Deno.test(`sluice run refuses ${row.name}, in one message, and leaves nothing`, async () => {
    await assertRefused(row);
  });
}
