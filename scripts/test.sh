#!/bin/bash
# ./dev test [LABEL]: builds, gets what the tests need, and runs them with ctest. Without a label every label runs at CI size;
# `unit` and `sim` alone need neither network nor root.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh
label=${1:-}
case $label in "" | unit | sim | system | recovery) ;; *) echo "test: unknown label $label; there are unit, sim, system, recovery" >&2; exit 2 ;; esac
started=$SECONDS
need_build_tools
export CTEST_OUTPUT_ON_FAILURE=1
if [ -z "$label" ] || [ "$label" = system ] || [ "$label" = recovery ]; then
    need_machine_tools
    need python3 python3-pytest python3-prometheus-client chromium
    export LAKEBED_DEB LAKEBED_DEPOT
    base_log=build/machine-base.log
    mkdir -p build
    scripts/machine.sh base >$base_log 2>&1 &
    base=$!
    build release lakebed layout_bench
    scripts/depot.sh >/dev/null & # its longest part, MinIO's build, overlaps with ours
    depot=$!
    LAKEBED_DEB=$(scripts/package.sh)
    build dev
    wait $depot
    # The real servers unpacked, where an unprivileged user reaches them too.
    export LAKEBED_STORE=/var/tmp/lakebed-test-store
    build/release/tests/bench/layout_bench --share "$(scripts/share.sh)" --depot "$LAKEBED_DEPOT" --store $LAKEBED_STORE
    wait $base || { cat $base_log >&2; exit 1; }
else
    build dev
fi
say "prepared in $((SECONDS - started)) s; running ${label:-all} tests"
[ "$label" = sim ] && sim_seeds=100000 || sim_seeds=10000
export LAKEBED_SIM_SEEDS=${LAKEBED_SIM_SEEDS:-$sim_seeds} LAKEBED_SEED=${LAKEBED_SEED:-$(date +%s)}
say "sim: $LAKEBED_SIM_SEEDS seeds from 1, an hour each; fuzz smoke: 2000 inputs a target, LAKEBED_SEED=$LAKEBED_SEED"
if [ "$label" = recovery ]; then
    export LAKEBED_RECOVERY=full
    say "recovery: 200 deaths of lakebedd from seed $LAKEBED_SEED, outages of 60 s, the same with plain systemd units"
else
    say "recovery: 20 deaths of lakebedd from seed $LAKEBED_SEED, outages of 20 s"
fi
exec ctest --test-dir build/dev ${label:+-L "^$label\$"} -j1
