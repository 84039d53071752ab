#!/bin/bash
# Builds the .deb from the release preset and prints its path (the last line of standard output).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh
need_build_tools
build release all
(cd build/release && cpack -G DEB >&2)
ls -t build/release/lakebed_*.deb | head -n 1 | xargs readlink -f
