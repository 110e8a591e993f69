/**
 * What a workflow runner needs by itself: entries for its own processes alone.
 *
 * For anybody else the same hosts are endpoints like any other.
 *
 * @see {@link https://docs.github.com/en/actions/reference/runners/self-hosted-runners | GitHub, what a runner must reach}
 * @see {@link https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16 | Azure, 168.63.129.16}
 *
 * @module
 */
import { readEndpoint } from "./endpoint.ts";
import type { Entry } from "./policy.ts";

/** One place, and what the runner does there. */
export interface RunnerEndpoint {
  /** As an entry of `allow` is written. */
  readonly endpoint: string;
  /** What for, as the end of a sentence. */
  readonly reason: string;
}

/**
 * Packages and container images are missing: those are fetched by dockerd or by
 * a step, which are not the runner.
 */
export const RUNNER_ENDPOINTS: readonly RunnerEndpoint[] = [
  { endpoint: "github.com", reason: "registers, and finds its own updates" },
  { endpoint: "api.github.com", reason: "registers, and finds actions" },
  {
    endpoint: "*.actions.githubusercontent.com",
    reason: "gets jobs, reports steps and logs, fetches actions and tokens",
  },
  { endpoint: "codeload.github.com", reason: "downloads actions" },
  {
    endpoint: "*.blob.core.windows.net",
    reason: "uploads logs and job summaries",
  },
  {
    endpoint: "objects.githubusercontent.com",
    reason: "downloads its own updates",
  },
  {
    endpoint: "objects-origin.githubusercontent.com",
    reason: "downloads its own updates",
  },
  {
    endpoint: "github-releases.githubusercontent.com",
    reason: "downloads its own updates",
  },
  {
    endpoint: "github-registry-files.githubusercontent.com",
    reason: "downloads its own updates",
  },
  {
    // GitHub's list does not have it; its releases lead there all the same.
    endpoint: "release-assets.githubusercontent.com",
    reason: "downloads its own updates",
  },
  {
    // Nor these, which agents on hosted runners report to: a runner whose
    // watchdog hears nothing is taken away in the middle of its job.
    endpoint: "*.githubapp.com",
    reason: "says that a hosted runner is alive",
  },
  {
    endpoint: "168.63.129.16:80",
    reason: "asks the Azure host what is wanted of this machine",
  },
  {
    endpoint: "168.63.129.16:32526",
    reason: "asks the Azure host for extensions, and reports health",
  },
  {
    endpoint: "169.254.169.254:80",
    reason: "reads the metadata of this machine on Azure",
  },
];

/** The same as entries; their text says whose they are. */
export function runnerEntries(): readonly Entry[] {
  return RUNNER_ENDPOINTS.map(({ endpoint }) => ({
    ...readEndpoint(endpoint, "allow"),
    // No author can write this: an entry has no spaces.
    text: `runner: ${endpoint}`,
    runner: true,
  }));
}
