/**
 * The policy file of a job, copied to where no step can change it.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { isPlainFile } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { O, openFile, readFile, readLink, writeFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { fromBytes } from "../../ffi/text.ts";
import { realDirectory } from "../work_spaces.ts";
import { type JobRecord, policyPath } from "./job_record.ts";

const MAX_POLICY_BYTES = 1 << 20;

/**
 * Copies the file that the order names.
 *
 * It is read with root's rights from where anybody may have put a link: what it
 * holds would be told in the message about what is wrong with it. So it must
 * really be in the work space.
 *
 * @throws {AgentError} `policy_invalid`.
 */
export function copyPolicy(
  libc: Libc,
  of: { readonly directory: string; readonly record: JobRecord },
): void {
  const { directory, record: { workspace, order } } = of;
  const name = order.policyFile!;
  const what = `Cannot read the policy ${JSON.stringify(name)}`;
  const hint = "Check out the repository in a step before, and give the path " +
    "of the file in it under `policy-file:`";
  const top = workspace === null ? null : realDirectory(libc, workspace);
  if (top === null) {
    const why = "there is no work space";
    throw new AgentError("policy_invalid", { what, why, hint });
  }
  const path = name.startsWith("/") ? name : `${top}/${name}`;
  let fd: number;
  try {
    fd = openFile(libc, path, { flags: O.RDONLY | O.NONBLOCK });
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    const why = error.message;
    throw new AgentError("policy_invalid", { what, why, hint, cause: error });
  }
  try {
    const real = readLink(libc, `/proc/self/fd/${fd}`);
    if (real?.startsWith(`${top}/`) !== true || !isPlainFile(libc, fd)) {
      const why = "it is no file of the work space";
      throw new AgentError("policy_invalid", { what, why, hint });
    }
    const bytes = readFile(libc, `/proc/self/fd/${fd}`, MAX_POLICY_BYTES);
    writeFile(libc, policyPath(directory), fromBytes(bytes));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const why = "it is larger than 1 MiB";
    throw new AgentError("policy_invalid", { what, why, hint, cause: error });
  } finally {
    libc.symbols.close(fd);
  }
}
