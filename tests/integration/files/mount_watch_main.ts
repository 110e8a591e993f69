/**
 * Watches the mounts of its own namespace while something is done to them.
 *
 * @module
 */
import { decodeMounts } from "../../../agent/decode/mountinfo.ts";
import { MountWatch } from "../../../agent/observe/files/mount_watch.ts";
import {
  type BytePath,
  bytePath,
  bytePathOf,
  textOf,
} from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Poller } from "../../../ffi/sockets.ts";

const WAIT_MS = 5000;

const PLACE = "/mnt";
/** Below these, other tests mount things and take them away. */
const SHARED = ["/run/", "/tmp/"];

if (import.meta.main) {
  await forgetMounts();
  await sh(`mount -t tmpfs none ${PLACE}`);
  await sh(`cd ${PLACE}; mkdir -p tree/m tree/n; mount -t tmpfs none tree/m`);
  const libc = new Libc();
  using watch = new MountWatch(libc, [bytePathOf(`${PLACE}/tree`)]);
  const poller = new Poller(libc, watch.fds);
  const idle = poller.wait(20);
  await sh(`cd ${PLACE}; ${Deno.args[0]}`);
  const woken = poller.wait(WAIT_MS);
  const told = watch.look().map(({ act, path, type, root }) =>
    `${act} ${textOf(path).replace(PLACE, "")} ${type} ${textOf(root)}`
  );
  const after = poller.wait(20) + watch.look().length;
  console.log(JSON.stringify({ idle, woken, told, after }));
}

/**
 * Lets go of mounts that were copied from the machine's namespace: when one of
 * their directories is removed there, the kernel takes it out of this one, too.
 */
async function forgetMounts(): Promise<void> {
  const table = bytePath(await Deno.readFile("/proc/self/mountinfo"));
  const points = decodeMounts(table)
    .map(({ mountPoint }) => textOf(mountPoint as BytePath))
    .filter((point) => SHARED.some((shared) => point.startsWith(shared)));
  // The ones on top first; by then one may be taken out already.
  const lines = points.reverse().map((point) => `umount -l '${point}' || :`);
  await sh(lines.join("\n"));
}

async function sh(script: string): Promise<void> {
  const args = ["-ec", script];
  const { success } = await new Deno.Command("sh", { args }).output();
  if (!success) throw new Error(`Cannot do "${script}"`);
}
