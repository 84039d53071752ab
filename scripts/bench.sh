#!/bin/bash
# ./dev bench NAME [--json]: figures for docs/benchmarks.md. NAME: layout, startup
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh
name=${1:-}
shift || true
case $name in
layout)
    need_build_tools
    need_machine_tools
    need python3 unzip xz-utils
    build release lakebed layout_bench
    scripts/depot.sh >/dev/null
    LAKEBED_DEB=$(scripts/package.sh)
    export LAKEBED_DEB LAKEBED_DEPOT
    exec /usr/bin/python3 tests/bench/layout.py "$@"
    ;;
startup)
    need_build_tools
    need_machine_tools
    need python3
    build release lakebed
    scripts/depot.sh >/dev/null
    LAKEBED_DEB=$(scripts/package.sh)
    export LAKEBED_DEB LAKEBED_DEPOT
    exec /usr/bin/python3 tests/bench/startup.py "$@"
    ;;
*) echo "bench: unknown name '$name'; there are: layout, startup" >&2; exit 2 ;;
esac
