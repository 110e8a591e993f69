/**
 * The lab's web sites: nginx, with and without TLS, on every site's addresses.
 *
 * @module
 */
import { runOrThrow } from "./command.ts";
import type { Certificate } from "./certificates.ts";
import { type AddressPair, PORTS, SITES, WILDCARD } from "./topology.ts";

/** What nginx needs besides the topology. */
export interface SiteOptions {
  /** The lab's own: configuration, logs, pid and temporary files go there. */
  readonly directory: string;
  readonly certificate: Certificate;
}

/**
 * Starts nginx, which goes into the background once it listens.
 *
 * Each request is answered with one line: `site <host> <address> <port>`.
 *
 * @param enter The command prefix that leads into `out`.
 * @param options Directory and certificate.
 * @throws {Error} When nginx refuses its configuration or an address.
 */
export async function startSites(
  enter: readonly string[],
  options: SiteOptions,
): Promise<void> {
  const path = `${options.directory}/nginx.conf`;
  await Deno.writeTextFile(path, configure(options));
  await runOrThrow([
    ...enter,
    ...["nginx", "-c", path, "-e", `${options.directory}/nginx.log`],
  ]);
}

function configure({ directory, certificate }: SiteOptions): string {
  const addresses = [...SITES, WILDCARD].flatMap((site) => site.addresses);
  return `
    user root;
    pid ${directory}/nginx.pid;
    worker_processes 1;
    events { worker_connections 4096; }
    http {
      access_log off;
      client_max_body_size 0;
      client_body_temp_path ${directory}/nginx-body;
      proxy_temp_path ${directory}/nginx-proxy;
      fastcgi_temp_path ${directory}/nginx-fastcgi;
      uwsgi_temp_path ${directory}/nginx-uwsgi;
      scgi_temp_path ${directory}/nginx-scgi;
      default_type text/plain;
      server {
        ${[...new Set(addresses.flatMap(listenLines))].join("\n        ")}
        ssl_certificate ${certificate.certificatePath};
        ssl_certificate_key ${certificate.keyPath};
        return 200 "site $host $server_addr $server_port\\n";
      }
    }
  `;
}

function listenLines({ ipv4, ipv6 }: AddressPair): string[] {
  return [ipv4, `[${ipv6}]`].flatMap((address) => [
    ...PORTS.web.map((port) => `listen ${address}:${port};`),
    ...PORTS.tls.map((port) => `listen ${address}:${port} ssl;`),
  ]);
}
