import assert from "node:assert/strict";
import { PostStep } from "../../../agent/job/post_step.ts";

const POST = { pid: 20, startUs: 75_000 };
const ITSELF = { pid: 20, startTicks: 7 };

Deno.test("PostStep.isPost() knows the process that was heard of, also when it asks first", async () => {
  const post = new PostStep();
  const asked = post.isPost(ITSELF);
  post.hear({ what: "post", ...POST });
  assert.equal(await asked, true);
  assert.equal(await post.isPost(ITSELF), true);
  assert.equal(await post.isPost({ ...ITSELF, pid: 21 }), false);
});

for (const startTicks of [6, 8]) {
  Deno.test(`PostStep.isPost() is false for the pid of one of tick 7 when tick ${startTicks} began it`, async () => {
    const post = new PostStep();
    post.hear({ what: "post", ...POST });
    assert.equal(await post.isPost({ pid: 20, startTicks }), false);
  });
}

Deno.test("PostStep goes by the end of its own process only", async () => {
  const post = new PostStep();
  post.hear({ what: "post", ...POST });
  post.hear({ what: "gone", pid: 20, startUs: 65_000, code: 0 });
  assert.equal(await post.isPost(ITSELF), true);
  post.hear({ what: "gone", ...POST, code: 0 });
  await post.over;
  assert.equal(await post.isPost(ITSELF), false);
});
