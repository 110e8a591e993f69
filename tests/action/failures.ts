/**
 * Why a job cannot be guarded, made so on a ground.
 *
 * @module
 */
import { NetfilterQueueLibrary } from "../../ffi/netfilter_queue.ts";
import type { WorkflowJob } from "./workflow.ts";

/** One of them. */
export interface Failure {
  readonly name: string;
  /** Lines of root's shell; default nothing. */
  readonly broken?: string;
  /** What makes the machine as it was. */
  readonly mended?: string;
  readonly job?: Partial<WorkflowJob>;
  /** In the sentence. */
  readonly says: RegExp;
  /** Whether a job that need not be guarded is tried as well. */
  readonly isShown?: boolean;
}

/** What is said in a container. */
export const ABROAD = /in a container that keeps the machine's firewall/;

const LIBRARY = NetfilterQueueLibrary.path;

/** Has programs do something else, until they are given back. */
function replaced(paths: readonly string[], script: string) {
  const each = (line: string) =>
    `for path in ${paths.join(" ")}; do ${line}; done`;
  return {
    broken: each(
      'mv $path $path.away; printf "#!/bin/sh\\n%s\\n" ' +
        `'${script}' > $path; chmod 755 $path`,
    ),
    mended: each("mv $path.away $path"),
  };
}

const APT = replaced(["/usr/bin/apt-get"], "echo No network >&2; exit 100");
const RESTORE = ["iptables-restore", "ip6tables-restore"]
  .map((name) => `/usr/sbin/${name}`);

/** Of a whole machine. */
export const FAILURES: readonly Failure[] = [
  {
    name: "no libnetfilter_queue, and nowhere to have it from",
    broken: `${APT.broken}; mv ${LIBRARY} ${LIBRARY}.away`,
    mended: `${APT.mended}; mv ${LIBRARY}.away ${LIBRARY}`,
    says: /Cannot install libnetfilter-queue1: apt-get said "No network"/,
  },
  {
    name: "a libnetfilter_queue that is none",
    broken: `mv ${LIBRARY} ${LIBRARY}.away; echo none > ${LIBRARY}`,
    mended: `mv ${LIBRARY}.away ${LIBRARY}`,
    says: /Cannot open a packet queue: .*file too short/,
  },
  {
    name: "no iptables, and nowhere to have it from",
    broken: `${APT.broken}; for path in ${RESTORE.join(" ")}; do ` +
      "mv $path $path.away; done",
    mended: `${APT.mended}; for path in ${RESTORE.join(" ")}; do ` +
      "mv $path.away $path; done",
    says: /Cannot install iptables: apt-get said "No network"/,
  },
  {
    name: "rules that are refused",
    ...replaced(RESTORE, "echo line 2 failed >&2; exit 1"),
    says: /Cannot change the firewall rules: the tool said "line 2 failed"/,
    isShown: true,
  },
  {
    name: "rules that are not set",
    ...replaced(RESTORE, "cat > /dev/null"),
    says: /Cannot rely on the firewall rules: .*"chain_missing"/,
  },
  {
    name: "a self-test that fails",
    broken: "ip link set lo down",
    mended: "ip link set lo up",
    says: /Cannot prove that the guard works/,
  },
  {
    name: "a runner that may not use sudo",
    broken: "mv /etc/sudoers.d/runner /etc/runner.away",
    mended: "mv /etc/runner.away /etc/sudoers.d/runner",
    says: /may not use sudo without a password, and no service/,
  },
  {
    name: "a job in a container",
    // As root, with the job's variables.
    job: {
      actionsIn: [
        ...["/usr/bin/sudo", "-nE", "/usr/bin/unshare", "--pid", "--fork"],
        ...["--mount-proc", "--kill-child", "--"],
      ],
    },
    says: ABROAD,
  },
  {
    name: "another architecture",
    broken: 'echo \'Object.defineProperty(process, "arch", ' +
      '{ value: "riscv64" });\' > /tmp/other.cjs',
    mended: "rm /tmp/other.cjs",
    job: { env: { NODE_OPTIONS: "--require=/tmp/other.cjs" } },
    says: /the runner is linux on riscv64, Linux on x64 or arm64 is needed/,
  },
];
