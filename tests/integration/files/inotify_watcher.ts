/**
 * Watches a tree as whoever runs this: prints what it may not watch, and after
 * the end of its input all paths that it has heard of.
 *
 * @module
 */
import { InotifySource } from "../../../agent/observe/files/inotify_source.ts";
import { bytePathOf, textOf } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";

using libc = new Libc();
using source = new InotifySource(libc);
for (const _ of source.watchTree(bytePathOf(Deno.args[0]!)));
const refused = source.takeRefused().map(({ path, why }) => {
  return { path: textOf(path), why };
});
console.log(JSON.stringify(refused));
for await (const _ of Deno.stdin.readable);
const heard = source.drain().map((each) =>
  each.kind === "lost" ? "lost" : textOf(each.path)
);
console.log(JSON.stringify(heard));
