"""Resource guards with dummy services in a booted systemd: a real full disk, a real taken port, a real wrong clock.

The tests are one story and run in order; each leaves the machine with all services ready.
Graph: store writes to a small disk; engine needs store and writes there too; web listens on port 8099; idle does nothing.
"""

import json
import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from machine import SOURCE, Machine, environment, wait_until  # noqa: E402

SERVICES = ["store", "engine", "web", "idle"]
MIB = 1 << 20
UNIT = """[Unit]
PartOf=lakebed.target
After=lakebed.target lakebedd.service {after}
StartLimitIntervalSec=0
[Service]
Type=exec
Slice=lakebed.slice
NotifyAccess=exec
Restart=always
RestartSec=15
ExecStart={start}
ExecStartPost=/bin/sleep 0.3
ExecStop=/bin/sleep 0.5
TimeoutStopSec=5
"""
LISTEN = "/usr/bin/perl -MIO::Socket::INET -e 'IO::Socket::INET->new(LocalAddr => q(127.0.0.1), LocalPort => 8099, Listen => 1, " \
         "ReuseAddr => 1) or die qq(Address already in use\\n); sleep'"


def node(name, *needs, rest=""):
    edges = "".join(f'[[node.need]]\nunit = "{on}"\ntype = "{kind}"\n' for on, kind in needs)
    return f"""
[[node]]
name = "{name}"
unit = "{unit(name)}"
start_timeout = "30s"
restart = {{ initial = "300ms", max = "5s" }}
{rest}
{edges}"""


def guard(name, check):
    return f'\n[[node]]\nname = "guard:{name}"\nunit = "guard:{name}"\nkind = "guard"\nguard = {{ {check} }}\n'


def graph():
    disk, port, clock = ("guard:disk", "suspends"), ("guard:port", "init"), ("guard:clock", "init")
    return f"""format = 2
site = "demo"
site_id = "0123456789abcdef"
generation = 1
{node("store", disk, clock)}
{node("engine", (unit("store"), "session"), disk)}
{node("web", port, rest='addresses = ["127.0.0.1:8099"]')}
{node("idle")}
{guard("disk", f'kind = "disk", path = "/mnt/small", min_free = {8 * MIB}, resume_free = {16 * MIB}, min_free_inodes = 20')}
{guard("port", f'kind = "port", unit = "{unit("web")}", addresses = ["127.0.0.1:8099"]')}
{guard("clock", 'kind = "clock"')}
"""


def unit(name):
    return f"lakebed-{name}.service"


def put(machine, path, text):
    machine.run("bash", "-c", f"mkdir -p $(dirname {path}) && cat >{path}", input=text)


@pytest.fixture(scope="module")
def machine():
    lakebedd = environment("LAKEBEDD")
    it = Machine("grd-drv", [(os.path.dirname(lakebedd), "/usr/libexec/lakebed"), (SOURCE / "units/static", "/mnt/units"),
                             (os.path.dirname(environment("LAKEBED")), "/opt/cli")])
    it.sh("cp /mnt/units/*.service /mnt/units/*.target /mnt/units/*.slice /etc/systemd/system/ && "
          "cp /mnt/units/*.conf /usr/share/dbus-1/system.d/ && groupadd --system lakebed && "
          "systemctl reload dbus && systemctl enable lakebed.target 2>/dev/null")
    for name, after in [("store", ""), ("engine", unit("store")), ("web", ""), ("idle", "")]:
        put(it, f"/etc/systemd/system/{unit(name)}", UNIT.format(after=after, start=LISTEN if name == "web" else "/bin/sleep infinity"))
    put(it, "/etc/systemd/system/mnt-small.mount",
        "[Mount]\nWhat=small\nWhere=/mnt/small\nType=tmpfs\nOptions=size=32m,nr_inodes=200\n[Install]\nWantedBy=local-fs.target\n")
    put(it, "/var/lib/lakebed/current/graph.toml", graph())
    it.sh("systemctl daemon-reload && systemctl enable --now mnt-small.mount")
    it.run("systemctl", "start", "lakebed.target")
    wait_ready(it)
    yield it
    if not os.environ.get("KEEP"):
        it.down()


def entries(machine):
    text = machine.out("busctl", "--json=short", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1",
                       "ListServices", check=False)
    return {entry[0]: entry for entry in json.loads(text)["data"][0]} if text.startswith("{") else {}


def state(machine, name):
    return entries(machine)[name][4]


def sentence(machine, name):
    return entries(machine)[name][5]


def call(machine, method, *arguments, check=True):
    return machine.run("busctl", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1", method,
                       *(["s", *arguments] if arguments else []), check=check)


def wait_ready(machine, timeout=30):
    wait_until("all ready", lambda: len(entries(machine)) == 7 and all(e[4] == "ready" for e in entries(machine).values()), timeout=timeout)


def wait_stopped(machine):
    wait_until("both writers are held", lambda: {state(machine, "store"), state(machine, "engine")} == {"held"}, timeout=30)


def stamp(machine, name, which):
    return int(machine.show(unit(name), which)[which])


def fill(machine, mib=28):
    machine.sh(f"head -c {mib}M /dev/zero >/mnt/small/ballast")


def empty(machine):
    machine.sh("rm -rf /mnt/small/*")


def test_a_full_disk_stops_its_writers_in_order_and_room_starts_them_again(machine):
    others = [machine.invocation(unit(name)) for name in ("web", "idle")]
    fill(machine)
    wait_stopped(machine)
    assert stamp(machine, "engine", "InactiveEnterTimestampMonotonic") <= stamp(machine, "store", "ActiveExitTimestampMonotonic"), \
        "the store was told to stop before what writes to it had ended"
    assert sentence(machine, "store") == "store is held: the disk of /mnt/small is nearly full: 4 MiB free, 8 MiB needed"
    assert sentence(machine, "guard:disk") == "the disk of /mnt/small is nearly full: 4 MiB free, 8 MiB needed"
    assert "nearly full" in machine.journal("-u", unit("engine")), "systemctl status must say why"
    # Between the two marks nothing changes.
    fill(machine, 20)
    time.sleep(5)
    assert {machine.active(unit(name)) for name in ("store", "engine")} == {"inactive"}
    empty(machine)
    wait_ready(machine)
    assert stamp(machine, "store", "ActiveEnterTimestampMonotonic") <= stamp(machine, "engine", "ExecMainStartTimestampMonotonic")
    assert [machine.invocation(unit(name)) for name in ("web", "idle")] == others
    assert [entries(machine)[name][12] for name in ("store", "engine")] == [0, 0], "it is no restart"


def test_a_disk_without_inodes_does_the_same(machine):
    machine.sh("touch /mnt/small/{1..190}")
    wait_stopped(machine)
    assert "inodes free, 20 needed" in sentence(machine, "store")
    empty(machine)
    wait_ready(machine)


def test_lakebedd_that_is_killed_half_way_goes_on_with_it(machine):
    fill(machine)
    wait_until("the first stop", lambda: machine.active(unit("engine")) != "active", timeout=15, every=0.05)
    machine.sh(f"kill -KILL {machine.main_pid('lakebedd')}")
    wait_until("it is back", lambda: len(entries(machine)) == 7, timeout=30)
    wait_stopped(machine)
    empty(machine)
    wait_ready(machine)


def test_an_operators_stop_outlives_the_suspension_and_a_start_by_hand_is_left_alone(machine):
    fill(machine)
    wait_stopped(machine)
    call(machine, "Stop", "engine")
    machine.run("systemctl", "start", unit("store"))
    time.sleep(5)
    assert state(machine, "store") == "ready"
    assert sentence(machine, "store").startswith("store was started by hand, though the disk of /mnt/small is nearly full")
    run = machine.invocation(unit("store"))
    empty(machine)
    wait_until("room", lambda: state(machine, "guard:disk") == "ready", timeout=15)
    time.sleep(1)
    assert machine.invocation(unit("store")) == run
    assert state(machine, "engine") == "stopped_by_operator"
    call(machine, "Start", "engine")
    wait_ready(machine)


def fetch(machine, path):
    return machine.out("python3", "-c", "import urllib.request\n"
                       f"print(urllib.request.urlopen('http://127.0.0.1:7070{path}', timeout=5).read().decode(), end='')")


def test_people_and_programs_see_a_guard_for_what_it_is(machine):
    assert "guard:disk" not in machine.out("/opt/cli/lakebed", "status"), "it is told of when it is not ready"
    fill(machine)
    wait_stopped(machine)
    shown = machine.run("/opt/cli/lakebed", "status", check=False)
    assert shown.returncode == 3
    assert "guard:disk: not ready: the disk of /mnt/small is nearly full: 4 MiB free, 8 MiB needed" in shown.stdout, shown.stdout
    document = json.loads(machine.out("/opt/cli/lakebed", "status", "--json", check=False))
    assert {row["name"] for row in document["services"]} == set(SERVICES)
    assert {row["name"]: row["ready"] for row in document["guards"]} == {"guard:disk": False, "guard:port": True, "guard:clock": True}
    refused = machine.run("/opt/cli/lakebed", "start", "store", check=False)
    assert refused.returncode != 0 and "store is not started: the disk of /mnt/small is nearly full" in refused.stderr, refused.stderr
    assert machine.active(unit("store")) == "inactive"
    assert 'lakebed_guard_ready{guard="guard:disk"} 0' in fetch(machine, "/metrics")
    page = fetch(machine, "/")
    assert "2 of 4 ready." in page and 'id="service-guard:disk"' in page and 'class="box bad guard"' in page
    empty(machine)
    wait_ready(machine)
    assert 'lakebed_guard_ready{guard="guard:disk"} 1' in fetch(machine, "/metrics")


def test_a_full_disk_holds_the_start_after_a_reboot_too(machine):
    fill_at_boot = "[Unit]\nBefore=lakebedd.service\nAfter=mnt-small.mount\n[Service]\nType=oneshot\n" \
                   "ExecStart=/bin/sh -c 'head -c 28M /dev/zero >/mnt/small/ballast'\n[Install]\nWantedBy=multi-user.target\n"
    put(machine, "/etc/systemd/system/ballast.service", fill_at_boot)
    machine.run("systemctl", "enable", "ballast.service")
    machine.reboot()
    wait_until("the others are ready", lambda: entries(machine) and {state(machine, name) for name in ("web", "idle")} == {"ready"}, timeout=40)
    assert {machine.active(unit(name)) for name in ("store", "engine")} == {"inactive"}
    assert "nearly full" in sentence(machine, "store")
    machine.run("systemctl", "disable", "ballast.service")
    empty(machine)
    wait_ready(machine)


def test_a_taken_port_holds_the_start_names_its_holder_and_is_taken_over_when_free(machine):
    call(machine, "Stop", "web")
    wait_until("stopped", lambda: machine.active(unit("web")) == "inactive")
    machine.run("systemd-run", "--unit=thief", "python3", "-m", "http.server", "--bind", "127.0.0.1", "8099")
    wait_until("it listens", lambda: ":8099" in machine.out("ss", "-Hltn"))
    runs = machine.journal("-u", unit("web")).count("Started")
    call(machine, "Start", "web")
    wait_until("held", lambda: "port 8099 is taken by python3 (pid" in sentence(machine, "web"), timeout=10)
    assert "of thief.service" in sentence(machine, "web")
    time.sleep(3)
    assert machine.journal("-u", unit("web")).count("Started") == runs, "it was started into a taken port"
    machine.run("systemctl", "stop", "thief")
    wait_ready(machine)


THIEF = """import os, signal, socket, time
os.kill({pid}, signal.SIGKILL)
while True:
    try:
        s = socket.create_server(("127.0.0.1", 8099))
        break
    except OSError:
        pass
time.sleep(600)
"""


def test_a_port_taken_in_the_moment_of_a_crash_is_found_by_the_log(machine):
    put(machine, "/opt/thief.py", THIEF.format(pid=machine.main_pid(unit("web"))))
    machine.run("systemd-run", "--unit=thief", "python3", "/opt/thief.py")
    wait_until("held", lambda: "port 8099 is taken by python3 (pid" in sentence(machine, "web"), timeout=15)
    wait_until("held by the guard", lambda: state(machine, "web") == "held", timeout=15)
    assert entries(machine)["web"][8] == "port_taken"
    machine.run("systemctl", "stop", "thief")
    wait_ready(machine)


def test_a_clock_before_the_generation_was_made_holds_the_start(machine):
    machine.sh("touch -d '+1 day' /var/lib/lakebed/current/graph.toml")  # the machine's own clock is everybody's
    wait_until("not ready", lambda: state(machine, "guard:clock") == "waiting", timeout=10)
    assert state(machine, "store") == "ready", "what runs is left alone"
    call(machine, "Stop", "store")
    wait_until("stopped", lambda: machine.active(unit("store")) == "inactive")
    call(machine, "Start", "store")
    wait_until("held", lambda: sentence(machine, "store").startswith("store is held: the clock is wrong: it says"), timeout=10)
    machine.run("touch", "/var/lib/lakebed/current/graph.toml")
    wait_ready(machine)


def test_a_guard_is_nothing_to_start_or_stop(machine):
    refused = call(machine, "Stop", "guard:disk", check=False)
    assert refused.returncode != 0 and "guard:disk is no service but a resource guard" in refused.stderr
    wait_until("lakebedd says so", lambda: machine.show("lakebedd", "StatusText")["StatusText"] == "site demo, generation 1: 4 of 4 ready", 5)
