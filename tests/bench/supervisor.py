#!/usr/bin/env python3
"""./dev bench supervisor: lakebedd beside plain systemd, in one machine and turn about.

Kill: from SIGKILL to main() of the next process, 60 services, one after the other. Start: five equal layers of services that are
ready 200 ms after their start, each needing two of the layer before, so the ideal is 1000 ms; an edge is violated when a service
started before its need was ready. Idle: memory and processor time of lakebedd alone, first with 500 services that are asked every
10 s, then with the whole real stack (--no-stack leaves that out).
"""

import json
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from machine import SOURCE, Machine, environment, wait_until  # noqa: E402

SERVICES, KILLS, SYSTEMD_KILLS = 60, 540, 60
READY_MS, LAYERS, IDEAL_MS = 200, 5, 1000
ROUNDS = {10: 9, 100: 5, 500: 3} # by size: a small start is short, and so are its disturbances long
IDLE_SECONDS = 60


class Events:
    """What the services tell; the kernel gives the sender's pid as we see it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        self.socket.setsockopt(socket.SOL_SOCKET, 16, 1) # SO_PASSCRED
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.changed = threading.Condition()
        self.reset()
        threading.Thread(target=self._listen, daemon=True).start()

    def reset(self):
        with self.changed:
            self.started, self.ready = {}, {}

    def _listen(self):
        while True:
            data, ancillary, _, _ = self.socket.recvmsg(512, socket.CMSG_SPACE(12))
            pid = struct.unpack("iii", ancillary[0][2])[0]
            kind, name, at = data.decode().split()
            with self.changed:
                (self.started if kind == "start" else self.ready).setdefault(name, []).append((int(at), pid))
                self.changed.notify_all()

    def wait(self, condition, timeout):
        with self.changed:
            return self.changed.wait_for(condition, timeout)


def layers(count):
    """[(name, [needs])]"""
    width = count // LAYERS
    graph = []
    for i in range(count):
        layer, place = divmod(i, width)
        above = {f"b{(layer - 1) * width + place}", f"b{(layer - 1) * width + (place + 1) % width}"} if layer else ()
        graph.append((f"b{i}", sorted(above)))
    return graph


def flat(count):
    return [(f"b{i}", []) for i in range(count)]


class Bench:
    def __init__(self, machine, events):
        self.machine, self.events = machine, events
        self.generation = 0
        self.random = random.Random(1)

    def write(self, files):
        """All files in one call; `files`: text by path."""
        self.machine.run("python3", "-c", "import json, os, sys\nfor path, text in json.load(sys.stdin).items():\n"
                         "    os.makedirs(os.path.dirname(path), exist_ok=True)\n    open(path, 'w').write(text)\n", input=json.dumps(files))

    def command(self, name, port=None):
        return f"/mnt/share/dummy_service /mnt/share/events {name} {READY_MS}" + (f" {port}" if port else "")

    def all_started(self, graph, timeout=90):
        """Milliseconds from the first start to the last readiness, and the number of edges that were violated."""
        if not self.events.wait(lambda: len(self.events.ready) == len(graph), timeout):
            raise SystemExit(f"{len(self.events.ready)} of {len(graph)} services are ready after {timeout} s")
        started = {name: at[0][0] for name, at in self.events.started.items()}
        ready = {name: at[0][0] for name, at in self.events.ready.items()}
        violated = sum(started[name] < ready[need] for name, needs in graph for need in needs)
        return (max(ready.values()) - min(started.values())) / 1e6, violated

    def kill_each(self, graph, count):
        """Latencies in ms of `count` kills, and how many services did not come back within 10 s."""
        latencies, lost = [], 0
        for i in range(count):
            name = graph[i % len(graph)][0]
            seen = len(self.events.started[name])
            pid = self.events.started[name][-1][1]
            at = time.monotonic_ns()
            os.kill(pid, signal.SIGKILL)
            if self.events.wait(lambda: len(self.events.started[name]) > seen, 10):
                latencies.append((self.events.started[name][seen][0] - at) / 1e6)
            else:
                lost += 1
            # The next kill of this service finds it ready, as it would be in life.
            self.events.wait(lambda: len(self.events.ready[name]) > seen, 10)
            # Deaths come at any moment of the kernel's tick; a fixed pause would tie them to one.
            time.sleep(self.random.uniform(0.03, 0.05))
        return latencies, lost


class Plain(Bench):
    """systemd alone, as such units are usually written."""

    def setup(self, graph, restart_sec):
        files = {"/etc/systemd/system/bench.target": "[Unit]\n" + "".join(f"Wants={name}.service\n" for name, _ in graph)}
        for name, needs in graph:
            after = " ".join(f"{need}.service" for need in needs)
            files[f"/etc/systemd/system/{name}.service"] = (
                (f"[Unit]\nRequires={after}\nAfter={after}\n" if needs else "[Unit]\n") +
                f"StartLimitIntervalSec=0\n[Service]\nType=notify\nExecStart={self.command(name)}\nRestart=always\nRestartSec={restart_sec}\n")
        self.write(files)
        self.machine.run("systemctl", "daemon-reload")
        self.files = files

    def start(self):
        self.events.reset()
        self.machine.run("systemctl", "start", "bench.target", timeout=120)

    def clean(self):
        names = [path.rsplit("/", 1)[1] for path in self.files]
        self.machine.run("systemctl", "stop", *names, timeout=120)
        self.machine.run("rm", *self.files)
        self.machine.run("systemctl", "daemon-reload")


class Lakebed(Bench):
    """Units with the directives of units/*.inc that matter here, and lakebedd over them."""

    def setup(self, graph, probes=False):
        self.generation += 1
        # Every kill shall be a first one: what is measured is the way, not the waiting.
        text = f'format = 1\nsite = "bench"\nsite_id = "0123456789abcdef"\ngeneration = {self.generation}\nrestart_budget = {{ restarts = 1000000, window = "10min" }}\n'
        files = {}
        for i, (name, needs) in enumerate(graph):
            port = 20000 + i if probes else None
            unit = f"lakebed-{name}.service"
            after = " ".join(f"lakebed-{need}.service" for need in needs)
            files[f"/etc/systemd/system/{unit}"] = (
                f"[Unit]\nPartOf=lakebed.target\nAfter=lakebed.target lakebedd.service {after}\nStartLimitIntervalSec=0\n"
                f"[Service]\nType=notify\nSlice=lakebed.slice\nNotifyAccess=exec\nRestart=always\nRestartSec=15\nRestartPreventExitStatus=78\n"
                f"ExecStart={self.command(name, port)}\nTimeoutStopSec=5\n")
            text += (f'[[node]]\nname = "{name}"\nunit = "{unit}"\ntitle = "{name}"\nkind = "service"\nstart_timeout = "30s"\n'
                     'restart = { reset_after = "1s", budget = 100000 }\n')
            if port:
                text += f'[node.liveness]\nkind = "http"\nhost = "127.0.0.1"\nport = {port}\npath = "/"\nevery = "10s"\ntimeout = "5s"\nfailures = 3\n'
            for need in needs:
                text += f'[[node.need]]\nunit = "lakebed-{need}.service"\ntype = "reconnects"\n'
        files["/var/lib/lakebed/current/graph.toml"] = text
        self.write(files)
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "lakebedd")
        self.machine.run("busctl", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1", "Reload")
        self.files = [path for path in files if path.endswith(".service")]

    def start(self):
        self.events.reset()
        self.machine.run("systemctl", "start", "lakebed.target")

    def stop(self):
        self.machine.run("systemctl", "stop", "lakebed.target", timeout=120)

    def clean(self):
        self.stop()
        self.machine.run("systemctl", "stop", "lakebedd")
        self.machine.run("rm", *self.files)
        self.machine.run("systemctl", "daemon-reload")


def processor_seconds(machine, pid):
    return sum(int(line.split()[0]) for line in machine.sh(f"cat /proc/{pid}/task/*/schedstat").stdout.splitlines()) / 1e9


def idle(machine):
    """PSS in MiB and percent of one core of lakebedd."""
    time.sleep(15)
    pid = machine.main_pid("lakebedd")
    before, began = processor_seconds(machine, pid), time.monotonic()
    time.sleep(IDLE_SECONDS)
    used = processor_seconds(machine, pid) - before
    pss = int(machine.out("awk", "/^Pss:/ {print $2}", f"/proc/{pid}/smaps_rollup")) / 1024
    return round(pss, 1), round(100 * used / (time.monotonic() - began), 3)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_kills(plain, lakebed, figures):
    graph = flat(SERVICES)
    plain.setup(graph, "100ms") # systemd's default
    plain.start()
    plain.all_started(graph)
    latencies, _ = plain.kill_each(graph, SYSTEMD_KILLS)
    figures["systemd_ms_median"] = round(statistics.median(latencies), 2)
    plain.clean()
    systemd0, ours, lost = [], [], 0
    for part in range(3): # turn about
        plain.setup(graph, "0")
        plain.start()
        plain.all_started(graph)
        time.sleep(1)
        systemd0 += plain.kill_each(graph, KILLS // 3)[0]
        plain.clean()
        lakebed.setup(graph)
        lakebed.start()
        lakebed.all_started(graph)
        time.sleep(3)
        more, missing = lakebed.kill_each(graph, KILLS // 3)
        ours, lost = ours + more, lost + missing
        lakebed.clean()
    figures["systemd0_ms_median"] = round(statistics.median(systemd0), 2)
    figures["systemd0_ms_p99"] = round(percentile(systemd0, .99), 2)
    figures["restart_ms_median"] = round(statistics.median(ours), 2)
    figures["restart_ms_p99"] = round(percentile(ours, .99), 2)
    figures["kills"], figures["kills_lost"] = KILLS, lost


def measure_starts(plain, lakebed, figures):
    violated = 0
    for size, rounds in ROUNDS.items():
        graph = layers(size)
        theirs, ours = [], []
        for _ in range(rounds):
            plain.setup(graph, "100ms")
            plain.start()
            theirs.append(plain.all_started(graph)[0])
            plain.clean()
            lakebed.setup(graph)
            lakebed.start()
            took, wrong = lakebed.all_started(graph)
            ours.append(took)
            violated += wrong
            lakebed.clean()
        print(f"start of {size}: systemd {[round(t) for t in theirs]} ms, lakebedd {[round(t) for t in ours]} ms", file=sys.stderr)
        figures[f"dag_ratio_{size}"] = round(statistics.median(ours) / IDEAL_MS, 3)
        figures[f"systemd_dag_ratio_{size}"] = round(statistics.median(theirs) / IDEAL_MS, 3)
    figures["edges_violated"] = violated


def measure_idle(lakebed, figures):
    graph = flat(500)
    lakebed.setup(graph, probes=True)
    lakebed.start()
    lakebed.all_started(graph)
    figures["idle_pss_mib_500"], figures["idle_cpu_pct_500"] = idle(lakebed.machine)
    connections = int(lakebed.machine.sh("ss -Htn state established '( dport >= :20000 and dport < :20500 )' | wc -l").stdout)
    assert connections == 500, f"{connections} connections kept for 500 probes"
    lakebed.clean()


def measure_stack(figures):
    deb = Path(environment("LAKEBED_DEB"))
    machine = Machine("lb-bench-stack", [(environment("LAKEBED_DEPOT"), "/var/lib/lakebed/depot"), (deb.parent, "/mnt/deb")])
    try:
        machine.run("apt-get", "install", "-y", "-qq", f"/mnt/deb/{deb.name}")
        machine.run("tee", "/etc/lakebed/conf.d/10-bench.toml", input="[spark-connect]\nfence = 'none'\n")
        machine.run("lakebed", "up", "--offline", timeout=600)
        wait_until("class archives are made", lambda: machine.active("lakebed-class-archives.service") == "inactive", 300, 1)
        figures["idle_pss_mib"], figures["idle_cpu_pct"] = idle(machine)
    finally:
        machine.down()


def main():
    figures = {}
    share = tempfile.mkdtemp(prefix="lakebed-bench-")
    os.chmod(share, 0o755)
    shutil.copy(environment("DUMMY_SERVICE"), share)
    events = Events(f"{share}/events")
    machine = Machine("lb-bench", [(os.path.dirname(environment("LAKEBEDD")), "/usr/libexec/lakebed"), (SOURCE / "units/static", "/mnt/units"),
                                   (share, "/mnt/share")])
    try:
        machine.sh("cp /mnt/units/*.service /mnt/units/*.target /mnt/units/*.slice /etc/systemd/system/ && "
                   "cp /mnt/units/*.conf /usr/share/dbus-1/system.d/ && groupadd --system lakebed && systemctl reload dbus && systemctl daemon-reload")
        plain, lakebed = Plain(machine, events), Lakebed(machine, events)
        measure_kills(plain, lakebed, figures)
        measure_starts(plain, lakebed, figures)
        measure_idle(lakebed, figures)
    finally:
        if not os.environ.get("KEEP"):
            machine.down()
            shutil.rmtree(share)
    if "--no-stack" not in sys.argv:
        measure_stack(figures)
    figures["load"] = os.getloadavg()[0]
    if "--json" in sys.argv:
        print(json.dumps(figures))
    else:
        for key, value in figures.items():
            print(f"{key:24} {value}")


if __name__ == "__main__":
    main()
