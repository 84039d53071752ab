#!/bin/bash
# Fills the developer's depot with every artifact of the catalog and prints its path.
# LAKEBED: the program that fetches (default: of the release build).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh
: "${LAKEBED_DEPOT:?}"
need_fetch_tools
mkdir -p "$LAKEBED_DEPOT"
"${LAKEBED:-build/release/installer/cli/lakebed}" --share "$(scripts/share.sh)" --depot "$LAKEBED_DEPOT" fetch --all >&2
echo "$LAKEBED_DEPOT"
