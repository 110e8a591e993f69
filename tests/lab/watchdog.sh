#!/bin/sh
# Removes one lab, whatever became of the process that made it.
#
#   watchdog.sh PREFIX DIRECTORY       waits for the end of its standard input,
#                                      whose other end only the maker holds
#   watchdog.sh PREFIX DIRECTORY now   removes the lab at once
#
# Each line of the input is a shell line to run at the end, the last one first,
# when no process is left in the lab's namespaces. The line ":" says that the
# maker is alive and waiting.
set -u
# Ctrl-C reaches the whole group, and the maker may be gone when we complain.
trap '' HUP INT TERM PIPE

SIDES="run out box"
prefix=$1
directory=$2
failed=0

main() {
  lines=""
  orderly=no
  if [ "${3-}" = now ]; then
    orderly=yes
  else
    while IFS= read -r line; do
      [ "$line" = ":" ] && orderly=yes
      lines="$line
$lines"
    done
  fi
  # A maker that was killed may have left an "ip" behind that is still making.
  [ $orderly = yes ] || sleep 0.3

  kill_processes
  while IFS= read -r line; do
    eval "$line" || failed=1
  done <<LINES
$lines
LINES
  kill_processes
  for side in $SIDES; do
    rm -rf "/etc/netns/$prefix-$side"
    [ -e "/run/netns/$prefix-$side" ] || continue
    ip netns del "$prefix-$side" || failed=1
  done
  rm -rf "$directory" || failed=1
  # Others may be using these two.
  rmdir /etc/netns "$(dirname "$directory")" 2>/dev/null
  exit $failed
}

# By namespace and not by parent or cgroup: nothing that can reach the lab's
# network escapes this, however it detached itself.
kill_processes() {
  for side in $SIDES; do
    [ -e "/run/netns/$prefix-$side" ] || continue
    tries=0
    while pids=$(ip netns pids "$prefix-$side") && [ -n "$pids" ]; do
      # A process may end by itself between the two commands.
      kill -KILL $pids 2>/dev/null
      tries=$((tries + 1))
      if [ $tries -gt 100 ]; then
        echo "processes $pids in $prefix-$side do not die" >&2
        failed=1
        break
      fi
      sleep 0.01
    done
  done
}

main "$@"
