/**
 * Uploads the report where GitHub keeps a job's artifacts.
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import type { ReplyFile } from "./protocol.ts";
import type { Environment } from "./request.ts";
import { print } from "./show.ts";
import { encodeCommandText } from "./workflow_command.ts";
import { writeZip } from "./zip.ts";

const SERVICE = "twirp/github.actions.results.api.v1.ArtifactService";
/** Of the format of what is uploaded: one zip. */
const ARTIFACT_VERSION = 4;
const CALL_MS = 30_000;
const CONFLICT = 409;

/** The run and the job, as the service names them. */
interface BackendIds {
  readonly run: string;
  readonly job: string;
}

/**
 * Uploads files as one artifact; what goes wrong is a warning.
 *
 * @param files None: nothing is done.
 */
export async function uploadFiles(
  files: readonly ReplyFile[],
  env: Environment,
): Promise<void> {
  if (files.length === 0) return;
  try {
    const name = artifactName(env);
    const bytes = writeZip(files.map(({ name, content }) => ({
      name,
      bytes: Buffer.from(content, "base64"),
    })));
    const taken = await upload({ name, bytes }, env);
    print(`Uploaded artifact "${taken}": ${bytes.length} bytes.`);
  } catch (error) {
    // The verdict does not hang on a service that may be down.
    const why = error instanceof Error ? error.message : String(error);
    const shown = encodeCommandText(why);
    print(`::warning title=Sluice::The report is not uploaded: ${shown}`);
  }
}

/** GitHub refuses some characters in names, and two of one name in a run. */
function artifactName(env: Environment): string {
  const parts = ["sluice", env.GITHUB_JOB, env.GITHUB_RUN_ATTEMPT];
  return parts.filter((part) => part !== undefined).join("-")
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-");
}

async function upload(
  artifact: { readonly name: string; readonly bytes: Uint8Array },
  env: Environment,
): Promise<string> {
  const { ACTIONS_RUNTIME_TOKEN: token, ACTIONS_RESULTS_URL: base } = env;
  if (!token || !base) {
    throw new Error("this runner offers no place for artifacts");
  }
  const { bytes } = artifact;
  const ids = readIds(token);
  const call = (method: string, body: object) =>
    callService(`${new URL(base).origin}/${SERVICE}/${method}`, {
      token,
      body: {
        workflow_run_backend_id: ids.run,
        workflow_job_run_backend_id: ids.job,
        ...body,
      },
    });
  let { name } = artifact;
  const create = () =>
    call("CreateArtifact", { name, version: ARTIFACT_VERSION });
  let made = await create();
  if (made === CONFLICT) {
    // Another job of a matrix has that name.
    name = `${name}-${randomUUID().slice(0, 8)}`;
    made = await create();
  }
  await putBytes(textOf(made, "signed_upload_url"), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const hash = `sha256:${sha256}`;
  const done = await call("FinalizeArtifact", {
    ...{ name, size: String(bytes.length), hash },
  });
  textOf(done, "artifact_id");
  return name;
}

async function callService(
  url: string,
  { token, body }: { readonly token: string; readonly body: object },
): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "user-agent": "sluice",
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_MS),
  });
  if (response.status === CONFLICT) return CONFLICT;
  if (!response.ok) {
    throw new Error(`GitHub's service answers with ${response.status}`);
  }
  return await response.json();
}

async function putBytes(url: string, bytes: Uint8Array): Promise<void> {
  const response = await fetch(url, {
    method: "PUT",
    headers: {
      "content-type": "application/zip",
      "x-ms-blob-type": "BlockBlob",
    },
    body: new Uint8Array(bytes),
    signal: AbortSignal.timeout(CALL_MS),
  });
  if (!response.ok) {
    throw new Error(`the storage answers with ${response.status}`);
  }
}

/** From the token's scopes: `Actions.Results:RUN:JOB`. */
function readIds(token: string): BackendIds {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url");
  const { scp } = JSON.parse(payload.toString("utf8")) as { scp?: string };
  const scope = scp?.split(" ").map((each) => each.split(":"))
    .find(([name]) => name === "Actions.Results");
  const [, run, job] = scope ?? [];
  if (run !== undefined && job !== undefined) return { run, job };
  throw new Error("the runner's token is not for artifacts");
}

function textOf(answer: unknown, name: string): string {
  const value = (answer as Record<string, unknown> | null)?.[name];
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`GitHub's service gives no ${name}`);
}
