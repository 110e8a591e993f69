#!/bin/sh
# Sluice @VERSION@ for @MACHINE@ in one file: this script, and behind its last
# line a gzipped tar of Deno @DENO@ as its makers publish it and of the agent.
# Both are unpacked once, into a directory that nobody else can write, and are
# what is run from then on. Every tool by its path: whose PATH this is, nobody
# knows.

fail() {
  printf 'sluice: Cannot unpack Sluice: %s\n  %s\n' "$1" "$2" >&2
  exit 3
}

unpack() (
  set -e
  umask 022
  [ "$(/usr/bin/uname -m)" = @MACHINE@ ] ||
    fail "it is for @MACHINE@, the machine is $(/usr/bin/uname -m)" \
      'Take the file for this machine'
  /usr/bin/mkdir -p -- "${program%/*}"
  # Whatever is half done has another name, and nobody else can look into it.
  copy=$(/usr/bin/mktemp -d -p "${program%/*}" --suffix=.unpack)
  trap '/usr/bin/rm -rf -- "$copy"' EXIT
  trap 'exit 3' HUP INT TERM
  /usr/bin/tail -n +@PAYLOAD_LINE@ -- "$0" | /usr/bin/gzip -dc |
    /usr/bin/tar -x --no-same-owner -C "$copy" ||
    fail "$0 is damaged or the disk is full" 'Download it again'
  # Of what is there now, not of what was read.
  (cd -- "$copy" && /usr/bin/sha256sum --strict --status -c -) <<'SUMS' ||
@SUMS@
SUMS
    fail "$0 does not hold what it was made of" 'Download it again'
  /usr/bin/chmod 755 -- "$copy"
  # Who was quicker has unpacked the same.
  /usr/bin/mv -T -- "$copy" "$program" 2>/dev/null || [ -x "$program/deno" ]
)

# Not below /run, where Debian and Ubuntu let nothing be executed.
program=/var/lib/sluice/@NAME@
if ! [ -x "$program/deno" ]; then
  if [ "$(/usr/bin/id -u)" != 0 ]; then
    program=${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/sluice/@NAME@
  fi
  [ -x "$program/deno" ] || unpack || exit 3
fi

# The agent gives a guarded command its own DENO_DIR again.
export SLUICE_DENO_DIR="${DENO_DIR-}" DENO_DIR="$program/cache"
export DENO_NO_UPDATE_CHECK=1
exec "$program/deno" run @OPTIONS@ \
  --allow-read="$program/agent" "$program/agent/cli.js" "$@"
