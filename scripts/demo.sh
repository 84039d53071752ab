#!/bin/bash
# ./dev demo: from a bare Debian 12 to a running, verified lakehouse in a disposable systemd machine.
# Progress goes to standard error; with --json, verify's document is the last thing on standard output.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh
machine=lakebed-demo
json=
case ${1:-} in
--stop) need_machine_tools; exec scripts/machine.sh down $machine ;;
--json) json=yes ;;
"") ;;
*) echo "demo: unknown option $1; there are --json and --stop" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo "demo: needs root: a systemd machine is booted" >&2; exit 1; }

need_build_tools
need_machine_tools
say "building lakebed, and the machine's base beside it"
base_log=$(mktemp)
scripts/machine.sh base >"$base_log" 2>&1 &
base=$!
build release lakebed >&2
scripts/depot.sh >"$base_log.depot" & # MinIO's build is the longest part of a first run
depot=$!
deb=$(scripts/package.sh)
wait $depot || { say "the depot could not be filled"; exit 7; }
wait $base || { cat "$base_log" >&2; exit 1; }
rm -f "$base_log" "$base_log.depot"

say "booting the machine $machine"
scripts/machine.sh down $machine
scripts/machine.sh up $machine --bind-ro "$LAKEBED_DEPOT:/var/lib/lakebed/depot" --bind-ro "$(dirname "$deb"):/mnt/deb"
in_machine() { scripts/machine.sh exec $machine "$@"; }
in_machine apt-get install -y -qq "/mnt/deb/$(basename "$deb")" >&2
# The machine has a network of its own and cannot enforce the fence that Spark Connect asks for.
printf '[spark-connect]\nfence = "none"\n' | in_machine tee /etc/lakebed/conf.d/10-demo.toml >/dev/null
in_machine lakebed up >&2
status=0
in_machine lakebed verify ${json:+--json} >"build/demo-verify" || status=$?
[ -n "$json" ] || cat build/demo-verify >&2

forward() { # NAME PORT SCHEME
    local port
    if port=$(scripts/machine.sh forward $machine "$2" 2>build/forward.err); then
        printf '  %-18s %s127.0.0.1:%s\n' "$1" "$3" "${port:-$2}" >&2
    else
        printf '  %-18s not forwarded: %s\n' "$1" "$(tail -n 1 build/forward.err)" >&2
    fi
}
echo >&2
say "running in the machine $machine; reach it at"
forward "Status page" 7070 http://
forward "Flink" 8082 http://
forward "Flink SQL Gateway" 9090 http://
forward "Spark Connect UI" 4040 http://
forward "Spark Connect" 15002 sc://
forward "Spark History" 18080 http://
forward "MinIO console" 9001 http://
forward "MinIO S3" 9000 http://
forward PostgreSQL 5432 postgresql://
forward "Hive Metastore" 9083 thrift://
forward Redis 6379 redis://
cat >&2 <<TXT

  SQL on Spark       ./dev machine exec $machine lakebed-spark-sql
  credentials        ./dev machine exec $machine lakebed secrets          (one: … lakebed secrets show NAME)
  look inside        ./dev machine exec $machine systemctl list-units 'lakebed-*'
  stop, remove       ./dev demo --stop
TXT
[ -z "$json" ] || cat build/demo-verify
exit $status
