#!/bin/bash
# Lays profiles/ and units/ out as the package installs them in /usr/share/lakebed, as links; prints the directory.
set -euo pipefail
cd "$(dirname "$0")/.."
share=$PWD/build/share
mkdir -p "$share"
ln -sfn "$PWD/profiles/catalog" "$share/catalog"
ln -sfn "$PWD/profiles/conf" "$share/conf"
ln -sfn "$PWD/profiles" "$share/profiles"
ln -sfn "$PWD/units" "$share/units"
echo "$share"
