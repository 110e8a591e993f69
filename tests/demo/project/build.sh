#!/bin/sh
# What a build does: installs what it depends on, downloads, and is done.
set -e

for package in packages/*/; do
  (cd "$package" && sh postinstall.sh)
  echo "installed $(basename "$package")"
done
echo "downloaded \"$(curl -sS --max-time 10 https://allowed.test/)\""
echo "built shop 0.1.0"
