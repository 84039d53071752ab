#!/bin/bash
# ./dev bench NAME [--json]: figures for docs/benchmarks.md. NAME: layout, startup, supervisor
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
supervisor)
    need_build_tools
    need_machine_tools
    need python3
    build release lakebed lakebedd dummy_service
    scripts/depot.sh >/dev/null
    LAKEBED_DEB=$(scripts/package.sh)
    LAKEBEDD=$PWD/build/release/supervisor/web/lakebedd
    DUMMY_SERVICE=$PWD/build/release/tests/bench/dummy_service
    export LAKEBED_DEB LAKEBED_DEPOT LAKEBEDD DUMMY_SERVICE
    exec /usr/bin/python3 tests/bench/supervisor.py "$@"
    ;;
*) echo "bench: unknown name '$name'; there are: layout, startup, supervisor" >&2; exit 2 ;;
esac
