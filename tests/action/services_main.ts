/**
 * What the action needs of the internet: a place to download from, and GitHub's
 * service for artifacts with its storage.
 *
 *     services_main.ts ADDRESS PORT DIRECTORY
 *
 * Files of DIRECTORY are downloads; what comes is kept in DIRECTORY/got, each
 * call of the service as a line of JSON in DIRECTORY/calls.
 *
 * @module
 */
const [hostname, port, directory] = Deno.args;
const NAMES = new Set<string>();

const SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService/";
const IDS = { run: "run-1", job: "job-1" };

Deno.serve({
  hostname,
  port: Number(port),
  onListen: () => console.log("ready"),
}, async (request) => {
  const { pathname, origin } = new URL(request.url);
  if (pathname.startsWith(SERVICE)) {
    return await serveArtifacts(request, {
      method: pathname.slice(SERVICE.length),
      origin,
    });
  }
  if (request.method === "PUT") {
    if (request.headers.get("x-ms-blob-type") !== "BlockBlob") {
      return new Response("no blob type", { status: 400 });
    }
    const bytes = new Uint8Array(await request.arrayBuffer());
    await Deno.writeFile(`${directory}/got/${pathname.slice(1)}`, bytes);
    return new Response(null, { status: 201 });
  }
  try {
    return new Response(await Deno.readFile(`${directory}${pathname}`));
  } catch {
    return new Response("nothing", { status: 404 });
  }
});

async function serveArtifacts(
  request: Request,
  { method, origin }: { readonly method: string; readonly origin: string },
): Promise<Response> {
  const body = await request.json();
  const line = JSON.stringify({ method, body });
  await Deno.writeTextFile(`${directory}/calls`, `${line}\n`, { append: true });
  const isKnown = request.headers.get("authorization")?.startsWith("Bearer ") &&
    body.workflow_run_backend_id === IDS.run &&
    body.workflow_job_run_backend_id === IDS.job;
  if (!isKnown) return Response.json({ code: "denied" }, { status: 403 });
  switch (method) {
    case "CreateArtifact":
      if (NAMES.has(body.name)) {
        return Response.json({ code: "already_exists" }, { status: 409 });
      }
      NAMES.add(body.name);
      return Response.json({
        ok: true,
        signed_upload_url: `${origin}/${body.name}.zip`,
      });
    case "FinalizeArtifact":
      return Response.json({ ok: true, artifact_id: "17" });
    default:
      return Response.json({ code: "bad_route" }, { status: 404 });
  }
}
