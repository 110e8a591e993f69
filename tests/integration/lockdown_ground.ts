/**
 * A copy of this machine with a runner's user, with ways to root that real
 * machines have, and with a mount table that propagates as systemd's does.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { Cell } from "./cell.ts";
import type { CommandResult } from "../lab/command.ts";
import type {
  LockdownOrder,
  LockdownRecord,
} from "../../agent/enforce/lockdown/lockdown_record.ts";

const MAIN = fileURLToPath(new URL("./lockdown_main.ts", import.meta.url));

/** Whose ways to root are closed. */
export const RUNNER = "sluice-runner";

const PACKAGES = "at cron pkexec polkitd dbus opendoas libcap2-bin";

// Everything is in the copy: this machine's users, devices and files stay.
const SETUP = `
  export DEBIAN_FRONTEND=noninteractive
  printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  install() { apt-get install -qq -y --no-install-recommends ${PACKAGES}; }
  { install || { apt-get -qq update && install; }; } >/dev/null 2>&1

  mount -t tmpfs tmpfs /dev
  mknod -m 666 /dev/null c 1 3
  mknod -m 666 /dev/zero c 1 5
  mknod -m 666 /dev/random c 1 8
  mknod -m 666 /dev/urandom c 1 9
  mknod -m 666 /dev/tty c 5 0
  mkdir /dev/shm /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  mknod -m 660 /dev/vdz b 1 250
  chgrp disk /dev/vdz

  # Other tests have files there, which come and go.
  mount -t tmpfs tmpfs /run
  mkdir -p /run/lock /run/dbus

  useradd --uid 4720 --create-home --shell /bin/bash ${RUNNER}
  groupadd -f docker
  usermod --append --groups docker,disk ${RUNNER}
  echo '${RUNNER} ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/runner
  echo 'permit nopass ${RUNNER}' > /etc/doas.conf
  passwd -q -d root
  cat > /etc/polkit-1/rules.d/00-runner.rules <<'END'
polkit.addRule(function (action, subject) {
  if (subject.user == "${RUNNER}") return polkit.Result.YES;
});
END
  mkdir /srv/tools
  cp /usr/bin/dash /srv/tools/setuid-shell
  chmod 4755 /srv/tools/setuid-shell
  cp /usr/bin/setpriv /srv/tools/capable
  setcap cap_setuid,cap_setgid=ep /srv/tools/capable
  mount -t tmpfs tmpfs /mnt
  cp -p /srv/tools/setuid-shell /mnt/another

  # A directory of the layer below cannot be renamed in an overlay.
  cp -a /usr/share/polkit-1 /usr/share/copy
  rm -r /usr/share/polkit-1
  mv /usr/share/copy /usr/share/polkit-1
  chmod 777 /usr/local/bin /usr/share
  mkdir -p -m 777 /opt/vendor/cron /usr/share/dotnet
  chmod 777 /opt
  echo 'true' > /opt/vendor/cron/job
  chmod 777 /opt/vendor/cron/job
  ln -s /opt/vendor/cron/job /etc/cron.daily/vendor
  echo '* * * * * root true' > /etc/cron.d/loose
  chmod 666 /etc/cron.d/loose
  mkdir -p /etc/systemd/system
  printf '[Service]\\nExecStart=/srv/tools/daemon\\n' > /etc/systemd/system/x.service
  chmod 666 /etc/systemd/system/x.service
  printf 'PATH="/home/${RUNNER}/.local/bin:/usr/bin:/bin"\\nLANG=C\\n' > /etc/environment

  mount --make-rshared /
`;

/** A lockdown's ground, which is gone with the test. */
export class LockdownGround implements AsyncDisposable {
  readonly cell: Cell;
  readonly uid: number;

  private constructor(cell: Cell, uid: number) {
    this.cell = cell;
    this.uid = uid;
  }

  /** Builds it. @param more Further lines of its setup. */
  static async open(more = ""): Promise<LockdownGround> {
    const cell = await Cell.open({ copy: true, setup: SETUP + more });
    const { stdout } = await cell.in(["id", "-u", RUNNER]);
    return new LockdownGround(cell, Number(stdout));
  }

  /** What is asked for by default. */
  get order(): LockdownOrder {
    return { uid: this.uid, sudo: true, containers: true };
  }

  /** Runs shell lines as the runner's user, with all their groups. */
  async asRunner(script: string): Promise<CommandResult> {
    return await this.cell.in([
      ...["setpriv", `--reuid=${this.uid}`, `--regid=${this.uid}`],
      ...["--init-groups", "--", "env", "-i", `HOME=/home/${RUNNER}`],
      "PATH=/usr/local/bin:/usr/bin:/bin",
      ...["sh", "-c", script],
    ], { cwd: "/" });
  }

  /** Runs shell lines as root. */
  async asRoot(script: string): Promise<CommandResult> {
    return await this.cell.in(["sh", "-euc", script], { cwd: "/" });
  }

  /** Closes the ways to root. */
  async apply(order: LockdownOrder = this.order): Promise<LockdownRecord> {
    return await this.#act("apply", JSON.stringify(order));
  }

  /** @returns The ways that are still open. */
  async verify(order: LockdownOrder = this.order): Promise<string[]> {
    return await this.#act("verify", JSON.stringify(order));
  }

  /** @returns What stays as it is, and why. */
  async restore(): Promise<string[]> {
    return await this.#act("restore");
  }

  /** Begins a lockdown that is killed before its Nth change. */
  async applyUntil(change: number): Promise<boolean> {
    const order = JSON.stringify(this.order);
    const { code } = await this.#start(["apply", this.#record, order], {
      DIE_AFTER: String(change),
    });
    return code !== 0;
  }

  /** All that a lockdown might leave behind: mounts, and files with times. */
  async footprint(): Promise<string> {
    const { stdout } = await this.asRoot(`
      cat /proc/self/mountinfo
      find /etc /opt /srv /usr/bin /usr/local /usr/share/polkit-1 /usr/lib/polkit-1 \
        /dev /run /var/lib/polkit-1 -xdev ! -path '/run/dbus/*' ! -path '/*/netns*' ! -path /run \
        -printf '%p %y %m %U %G %s %i %T@ %l\\n' | sort
      getfacl -R -p /dev /run 2>/dev/null || :
      find /etc/cron.d /usr/local/bin /srv /opt -xdev -printf '%p %C@\\n' | sort
    `);
    return stdout;
  }

  /** Ends all of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cell[Symbol.asyncDispose]();
  }

  get #record(): string {
    return `${this.cell.directory}/record.json`;
  }

  // deno-lint-ignore no-explicit-any
  async #act(act: string, ...rest: string[]): Promise<any> {
    const { code, stdout, stderr } = await this.#start(
      [act, this.#record, ...rest],
      {},
    );
    if (code !== 0) throw new Error(`Cannot ${act}: ${stderr}`);
    return JSON.parse(stdout);
  }

  async #start(args: string[], env: Record<string, string>) {
    const deno = [Deno.execPath(), "run", "-A", "-q", "--no-check"];
    return await this.cell.in([...deno, MAIN, ...args], { env });
  }
}
