#!/usr/bin/env python3
"""./dev bench layout: unpack and lay out against tar and unzip by hand; an empty apply; lakebedd at rest."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from machine import SOURCE, Machine, environment, wait_until  # noqa: E402


def layout():
    """layout_bench runs both ways over the same files, turn about, each with a final syncfs."""
    done = subprocess.run([str(SOURCE / "build/release/tests/bench/layout_bench"), "--share", str(SOURCE / "build/share"),
                           "--depot", environment("LAKEBED_DEPOT"), "--rounds", "7"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def cpu_seconds(machine, pid):
    fields = machine.out("cat", f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident():
    deb = Path(environment("LAKEBED_DEB"))
    machine = Machine("lb-bench", [(environment("LAKEBED_DEPOT"), "/var/lib/lakebed/depot"), (deb.parent, "/mnt/deb")])
    try:
        machine.run("apt-get", "install", "-y", "-qq", f"/mnt/deb/{deb.name}")
        machine.run("lakebed", "up", "--offline", timeout=600)
        # Inside, without the cost of entering the machine.
        applies = machine.out("bash", "-c", "for i in 1 2 3 4 5 6 7; do s=$EPOCHREALTIME; lakebed apply >/dev/null 2>&1 || exit 1; "
                              "e=$EPOCHREALTIME; echo $(( ${e/./} - ${s/./} )); done")
        pid = machine.main_pid("lakebedd.service")
        time.sleep(10)
        window = 60
        before = cpu_seconds(machine, pid)
        time.sleep(window)
        used = cpu_seconds(machine, pid) - before
        pss = machine.out("awk", "/^Pss:/ {print $2}", f"/proc/{pid}/smaps_rollup")
        return {"noop_apply_s": round(statistics.median(int(us) for us in applies.split()) / 1e6, 4),
                "daemon_pss_mib": round(int(pss) / 1024, 2), "daemon_cpu_pct": round(100 * used / window, 3)}
    finally:
        machine.down()


def main():
    figures = {**{key: value for key, value in layout().items() if key in ("layout_s", "tar_unzip_s")}, **resident()}
    if "--json" not in sys.argv:
        for key, value in figures.items():
            print(f"{key:16} {value}")
    else:
        print(json.dumps(figures))


main()
