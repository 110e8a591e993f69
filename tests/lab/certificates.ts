/**
 * The lab's certificate authority, made anew for each lab.
 *
 * @module
 */
import { runOrThrow } from "./command.ts";
import { ALIASES, ATTACKER, SITES, WILDCARD } from "./topology.ts";

/** A certificate and its key, as PEM files. */
export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
}

/** Everything the lab's TLS servers need. */
export interface Certificates {
  /** The authority's own certificate, for clients to trust. */
  readonly authorityPath: string;
  /** For all sites, each by every name it has. */
  readonly sites: Certificate;
  /** For the attacker, who can have a good certificate as anyone can. */
  readonly attacker: Certificate;
}

const NEW_KEY = [
  "-newkey",
  "ec",
  "-pkeyopt",
  "ec_paramgen_curve:P-256",
  "-nodes",
  "-days",
  "2",
];

/**
 * Makes an authority and two certificates it signed.
 *
 * @param directory Where the PEM files go.
 * @throws {Error} When openssl refuses.
 */
export async function makeCertificates(
  directory: string,
): Promise<Certificates> {
  const authority = files(directory, "authority");
  await runOrThrow([
    ...["openssl", "req", "-x509", ...NEW_KEY, "-subj", "/CN=Lab authority"],
    ...["-keyout", authority.keyPath, "-out", authority.certificatePath],
  ]);
  const names = [
    ...SITES.map((site) => site.name),
    ...ALIASES.map((alias) => alias.from),
    WILDCARD.name,
    // In a certificate the star is one label, in a policy it is any number.
    `*.${WILDCARD.name}`,
    `*.deep.${WILDCARD.name}`,
  ];
  const [sites, attacker] = await Promise.all([
    sign(authority, files(directory, "sites"), names),
    sign(authority, files(directory, "attacker"), [ATTACKER.name]),
  ]);
  return { authorityPath: authority.certificatePath, sites, attacker };
}

async function sign(
  authority: Certificate,
  made: Certificate,
  names: readonly string[],
): Promise<Certificate> {
  const alternatives = names.map((name) => `DNS:${name}`).join(",");
  await runOrThrow([
    ...["openssl", "req", "-x509", ...NEW_KEY, "-subj", `/CN=${names[0]}`],
    ...["-CA", authority.certificatePath, "-CAkey", authority.keyPath],
    ...["-addext", `subjectAltName=${alternatives}`],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", made.keyPath, "-out", made.certificatePath],
  ]);
  return made;
}

function files(directory: string, name: string): Certificate {
  return {
    certificatePath: `${directory}/${name}.pem`,
    keyPath: `${directory}/${name}.key`,
  };
}
