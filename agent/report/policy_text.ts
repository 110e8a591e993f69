/**
 * Endpoints as a person pastes them: into a policy file or a command line.
 *
 * @module
 */

/** Stays text under every YAML reader, unquoted. */
const PLAIN_YAML = /^(?:[a-z_][a-z0-9_-]*\.|\d+\.\d+\.\d+\.\d+[:/])[\w.:/-]*$/;

/** Means only itself to a shell. */
const PLAIN_SHELL = /^[\w.:/-]+$/;

/**
 * One line of a policy's `allow:` list.
 *
 * @param endpoint As `allowanceFor` gives it.
 * @returns `- endpoint`, quoted where YAML would read something else.
 */
export function yamlEntry(endpoint: string): string {
  const isPlain = PLAIN_YAML.test(endpoint);
  return `- ${isPlain ? endpoint : JSON.stringify(endpoint)}`;
}

/**
 * A policy's `allow:` list.
 *
 * @param endpoints As `allowanceFor` gives them.
 * @param limit Entries to write; a comment says how many more there are.
 * @returns YAML, one element a line.
 */
export function allowLines(
  endpoints: readonly string[],
  limit: number = Infinity,
): readonly string[] {
  if (endpoints.length === 0) return ["allow: []"];
  const lines = endpoints.slice(0, limit).map((text) => `  ${yamlEntry(text)}`);
  const more = endpoints.length - limit;
  if (more > 0) lines.push(`  # and ${more} more: see the report`);
  return ["allow:", ...lines];
}

/**
 * A policy's `proxy:` list.
 *
 * @param endpoints As `proxiesFor` gives them.
 * @returns YAML, one element a line; nothing without a proxy.
 */
export function proxyLines(endpoints: readonly string[]): readonly string[] {
  if (endpoints.length === 0) return [];
  return ["proxy:", ...endpoints.map((text) => `  ${yamlEntry(text)}`)];
}

/**
 * A whole policy that allows these endpoints and nothing else.
 *
 * @param endpoints As `allowanceFor` gives them.
 * @param limit As for `allowLines`.
 * @returns YAML, one element a line.
 */
export function policyLines(
  endpoints: readonly string[],
  limit: number = Infinity,
): readonly string[] {
  return ["version: 1", "egress: block", ...allowLines(endpoints, limit)];
}

/**
 * The same as flags.
 *
 * @param endpoints As `allowanceFor` gives them.
 * @returns `--allow a --allow b`, quoted for a POSIX shell.
 */
export function allowFlags(endpoints: readonly string[]): string {
  return endpoints
    .map((text) => `--allow ${PLAIN_SHELL.test(text) ? text : `'${text}'`}`)
    .join(" ");
}
