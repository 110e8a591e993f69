/**
 * What honest builds talk to: a package index of each kind, repositories, and
 * a server that speaks first; all of them `allowed.test`.
 *
 * @module
 */
import { runOrThrow } from "../../lab/command.ts";
import type { Lab } from "../../lab/lab.ts";
import { ECHO } from "../../lab/topology.ts";

/** Where the servers listen, besides what every lab has. */
export const OPEN_PORTS = {
  tls: 8444,
  web: 8080,
  git: 9418,
  smtp: 587,
} as const;

/** Files that the clients need, copied to where any user can read them. */
const CLIENTS = ["clients.py", "smtp_server.py"];

// Made by the real tools, so that the real clients accept it.
const CONTENT = `
export HOME=$1 GIT_CONFIG_NOSYSTEM=1
mkdir -p $1/site/npm $1/site/simple/honest $1/site/deb $1/work && cd $1/work
umask 022
git init -q -b main repo && cd repo
echo honest > file && git add file
git -c user.name=a -c user.email=a@allowed.test commit -qm first
cd .. && git clone -q --bare repo $1/site/repo.git
git -C $1/site/repo.git update-server-info

mkdir -p package && echo 'module.exports = "honest";' > package/index.js
echo '{"name":"honest","version":"1.0.0","main":"index.js"}' > package/package.json
tar -czf $1/site/npm/honest-1.0.0.tgz package
sum=sha512-$(openssl dgst -sha512 -binary $1/site/npm/honest-1.0.0.tgz | base64 -w0)
cat > $1/site/npm/honest <<END
{"name":"honest","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{
"name":"honest","version":"1.0.0","dist":{"integrity":"$sum",
"tarball":"https://allowed.test:${OPEN_PORTS.tls}/npm/honest-1.0.0.tgz"}}}}
END

mkdir -p debian/DEBIAN && cat > debian/DEBIAN/control <<END
Package: honest
Version: 1.0
Architecture: all
Maintainer: a <a@allowed.test>
Description: honest
END
dpkg-deb --root-owner-group --build debian $1/site/deb/honest.deb > /dev/null
size=$(stat -c %s $1/site/deb/honest.deb)
hash=$(sha256sum $1/site/deb/honest.deb | cut -d' ' -f1)
{ cat debian/DEBIAN/control; printf 'Filename: ./honest.deb\\nSize: %s\\nSHA256: %s\\n' $size $hash; } \\
  > $1/site/deb/Packages

/usr/bin/python3 -I - $1/site/simple/honest/honest-1.0-py3-none-any.whl <<END
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("honest.py", "")
    about = "honest-1.0.dist-info/"
    wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\\nName: honest\\nVersion: 1.0\\n")
    wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
    wheel.writestr(about + "RECORD", "")
END
echo '<a href="honest-1.0-py3-none-any.whl">honest-1.0-py3-none-any.whl</a>' \\
  > $1/site/simple/honest/index.html
cat > $1/fetch.mjs <<END
const answer = await fetch("https://allowed.test/");
const text = await answer.text();
if (!text.includes("site allowed.test")) throw new Error(text);
END
dd if=/dev/zero of=$1/site/large bs=1M count=8 2> /dev/null
`;

/**
 * Makes the content and starts the servers, which end with the lab.
 *
 * @returns The directory that holds what clients need.
 */
export async function serveOpen(lab: Lab): Promise<string> {
  const directory = `${lab.directory}/open`;
  await Deno.mkdir(directory);
  await runOrThrow(["bash", "-euc", CONTENT, "sh", directory]);
  for (const name of CLIENTS) {
    const text = await Deno.readTextFile(new URL(name, import.meta.url));
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  const path = `${directory}/nginx.conf`;
  await Deno.writeTextFile(path, configure(lab, directory));
  const web = lab.spawn("out", ["nginx", "-c", path, "-e", "stderr"]);
  const git = lab.spawn("out", [
    ...["git", "daemon", "--reuseaddr", "--export-all", "--verbose"],
    ...[`--port=${OPEN_PORTS.git}`, `--base-path=${directory}/site`],
    ...Object.values(ECHO).map((address) => `--listen=${address}`),
  ]);
  const smtp = lab.spawn("out", [
    ...["/usr/bin/python3", "-I", `${directory}/smtp_server.py`],
    ...[lab.directory, String(OPEN_PORTS.smtp), ...Object.values(ECHO)],
  ]);
  await smtp.waitFor("ready");
  await git.waitFor("Ready to rumble");
  await reachable(lab, web);
  return directory;
}

function configure(lab: Lab, directory: string): string {
  const { ipv4, ipv6 } = ECHO;
  const listen = [ipv4, `[${ipv6}]`].flatMap((address) => [
    `listen ${address}:${OPEN_PORTS.tls} ssl http2;`,
    `listen ${address}:${OPEN_PORTS.web};`,
  ]);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`);
  return `
    daemon off;
    user root;
    pid ${directory}/nginx.pid;
    events {}
    http {
      access_log off;
      ${temporary.join("\n      ")}
      types { text/html html; }
      default_type application/octet-stream;
      server {
        ${listen.join("\n        ")}
        ssl_certificate ${lab.directory}/sites.pem;
        ssl_certificate_key ${lab.directory}/sites.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:1m;
        root ${directory}/site;
      }
    }
  `;
}

async function reachable(
  lab: Lab,
  web: { readonly stderr: string },
): Promise<void> {
  const url = `https://allowed.test:${OPEN_PORTS.tls}/large`;
  const curl = ["curl", "-sSfI", "--retry", "30", "--retry-connrefused"];
  const { code, stderr } = await lab.in("run", [
    ...curl,
    ...["--retry-delay", "0", url],
  ]);
  if (code !== 0) throw new Error(`Cannot serve: ${stderr}${web.stderr}`);
}
