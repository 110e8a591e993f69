/**
 * Takes away what a test by audit has left, when its process was killed.
 *
 * @module
 */
import { clearAuditRemains } from "../../agent/observe/audit_rules.ts";
import { Libc } from "../../ffi/libc.ts";

if (import.meta.main) {
  using libc = new Libc();
  clearAuditRemains(libc);
}
