"""lakebedd with dummy services in a booted systemd.

The tests are one story and run in order; each leaves the machine with all services ready.
Graph: a; b reconnects to a; c has a session with b; web is alone and has a liveness probe; job i needs a.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from machine import SOURCE, Machine, environment, wait_until  # noqa: E402

SERVICES = ["a", "b", "c", "web"]
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
RestartPreventExitStatus=78
ExecStart={start}
ExecStartPost={post}
TimeoutStopSec=5
"""
JOB = """[Unit]
PartOf=lakebed.target
After=lakebed.target lakebedd.service lakebed-a.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo done >>/var/tmp/job'
"""
# A web server of one thread, which answers nobody while /run/hang exists.
WEB = """use IO::Socket::INET;
$SIG{QUIT} = sub { print STDERR "dump of all threads\\n" };
my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8099, Listen => 16, ReuseAddr => 1) or die;
while (1) {
  my $c = $s->accept or next;
  while (my $line = <$c>) { sleep 1 while -e '/run/hang'; if ($line eq "\\r\\n") { print $c "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"; $c->flush } }
}
"""


def graph(generation=1, extra=""):
    return f"""format = 1
site = "demo"
site_id = "0123456789abcdef"
generation = {generation}
{node("a")}
{node("b", need=("a", "reconnects"))}
{node("c", need=("b", "session"))}
{node("i", need=("a", "init"), kind="job")}
{node("web", rest='''jvm = true
[node.liveness]
kind = "http"
host = "127.0.0.1"
port = 8099
path = "/"
every = "500ms"
timeout = "1s"
failures = 2
''')}
{extra}"""


def node(name, need=None, kind="service", rest=""):
    needs = f'[[node.need]]\nunit = "lakebed-{need[0]}.service"\ntype = "{need[1]}"\n' if need else ""
    return f"""
[[node]]
name = "{name}"
unit = "lakebed-{name}.service"
title = "dummy {name}"
kind = "{kind}"
start_timeout = "30s"
restart = {{ initial = "300ms", max = "5s" }}
{rest}
{needs}"""


def unit(name):
    return f"lakebed-{name}.service"


@pytest.fixture(scope="module")
def machine():
    lakebedd = environment("LAKEBEDD")
    tool = environment("LAKEBED_CLIENT_TOOL")
    it = Machine("drv", [(os.path.dirname(lakebedd), "/usr/libexec/lakebed"), (SOURCE / "units/static", "/mnt/units"),
                         (os.path.dirname(tool), "/opt/tool")])
    it.sh("cp /mnt/units/*.service /mnt/units/*.target /mnt/units/*.slice /etc/systemd/system/ && "
          "cp /mnt/units/*.conf /usr/share/dbus-1/system.d/ && groupadd --system lakebed && "
          "systemctl reload dbus && systemctl enable lakebed.target 2>/dev/null")
    for name, after in [("a", ""), ("b", "lakebed-a.service"), ("c", "lakebed-b.service"), ("web", "")]:
        start = "/usr/bin/perl /opt/web.pl" if name == "web" else "/bin/sleep infinity"
        put(it, f"/etc/systemd/system/{unit(name)}", UNIT.format(after=after, start=start, post="/bin/sleep 0.3"))
    put(it, f"/etc/systemd/system/{unit('i')}", JOB)
    put(it, "/opt/web.pl", WEB)
    it.run("systemctl", "daemon-reload")
    yield it
    if not os.environ.get("KEEP"):
        it.down()


def put(machine, path, text):
    machine.run("bash", "-c", f"mkdir -p $(dirname {path}) && cat >{path}", input=text)


def put_graph(machine, **options):
    put(machine, "/var/lib/lakebed/current/graph.toml", graph(**options))


def states(machine):
    """What ListServices says: state by name."""
    text = machine.out("busctl", "--json=short", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1",
                       "ListServices", check=False)
    if not text.startswith("{"):
        return {}
    return {entry[0]: entry for entry in json.loads(text)["data"][0]}


def call(machine, method, *arguments, check=True):
    return machine.run("busctl", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1", method,
                       *(["s", *arguments] if arguments else []), check=check)


def all_ready(machine):
    seen = states(machine)
    return len(seen) == 5 and all(entry[4] == "ready" for entry in seen.values())


def wait_ready(machine, timeout=20):
    wait_until("all services ready", lambda: all_ready(machine), timeout=timeout)


def stamps(machine, name):
    shown = machine.show(unit(name), "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    return int(shown["ExecMainStartTimestampMonotonic"]), int(shown["ActiveEnterTimestampMonotonic"])


def invocations(machine):
    return {name: machine.invocation(unit(name)) for name in SERVICES}


def test_without_a_graph_it_is_up_and_says_that_nothing_is_applied(machine):
    machine.run("systemctl", "start", "lakebed.target")
    assert machine.show("lakebedd", "ActiveState", "StatusText") == {"ActiveState": "active", "StatusText": "nothing applied yet"}


def test_a_graph_is_taken_up_by_reload_and_services_start_in_order_when_ready(machine):
    put_graph(machine)
    call(machine, "Reload")
    wait_ready(machine)
    for before, after in [("a", "b"), ("b", "c")]:
        assert stamps(machine, before)[1] <= stamps(machine, after)[0], f"{after} started before {before} was ready"
    assert stamps(machine, "a")[1] <= int(machine.show(unit("i"), "ExecMainStartTimestampMonotonic")["ExecMainStartTimestampMonotonic"])


FETCH = """import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=5) as reply: print(reply.status, reply.read().decode(), end="")
"""


def fetch(machine, path, port=7070):
    status, _, body = machine.out("python3", "-c", FETCH, f"http://127.0.0.1:{port}{path}").partition(" ")
    assert status == "200"
    return body


def metrics(machine):
    """Value by name and labels, read by the parser of Prometheus's own Python client."""
    from prometheus_client.parser import text_string_to_metric_families
    return {(sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(fetch(machine, "/metrics") + "\n") for sample in family.samples}


def test_the_status_page_shows_the_services_to_people_and_programs(machine):
    page = fetch(machine, "/")
    assert "All 5 ready." in page and 'id="service-web"' in page and "<svg" in page
    status = json.loads(fetch(machine, "/api/status"))
    assert {s["name"]: s["state"] for s in status["services"]} == {name: "ready" for name in [*SERVICES, "i"]}
    assert status["ready"] and status["startup"]["critical_path"] == ["a", "b", "c"]
    seen = metrics(machine)
    assert seen["lakebed_ready",] == 1 and seen["lakebed_service_state", "ready", "web"] == 1
    assert seen["lakebed_loop_turn_seconds_count",] > 0
    assert "127.0.0.1:7070" in machine.out("ss", "-Hltn") and "0.0.0.0:7070" not in machine.out("ss", "-Hltn")


def test_the_stream_of_events_tells_of_a_change(machine):
    machine.sh("timeout 20 python3 -c 'import urllib.request; r = urllib.request.urlopen(\"http://127.0.0.1:7070/api/events\")\n"
               "while True: print(r.readline().decode(), end=\"\", flush=True)' >/run/stream 2>&1 &")
    wait_until("the first event", lambda: machine.out("grep", "-c", "^event: status", "/run/stream", check=False) not in ("", "0"))
    before = machine.main_pid(unit("web"))
    machine.run("kill", "-KILL", str(before))
    wait_until("the change", lambda: re.search(r'"name":"web"[^}]*"state":"(restarting|starting)"', machine.out("cat", "/run/stream")))
    wait_ready(machine)
    assert metrics(machine)["lakebed_service_restarts_total", "crash", "web"] == 1


def test_a_killed_service_is_restarted_at_once_and_only_its_session_follows(machine):
    before = invocations(machine)
    pid = machine.main_pid(unit("b"))
    machine.sh(f"kill -KILL {pid}")
    wait_until("b runs again", lambda: machine.main_pid(unit("b")) not in (0, pid), timeout=10, every=0.02)
    wait_ready(machine)
    after = invocations(machine)
    assert {name for name in SERVICES if before[name] != after[name]} == {"b", "c"}
    assert machine.show(unit("b"), "NRestarts")["NRestarts"] == "0", "systemd's own hold-off was waited out"
    entry = states(machine)["b"]
    assert entry[8] == "crash" and "SIGKILL" in entry[9] and entry[12] == 1, entry


def test_the_journal_of_a_stopped_or_failed_unit_explains_it(machine):
    assert re.search(r"SIGKILL", machine.journal("-u", unit("b")))


def test_a_service_that_an_operator_stops_stays_down_and_comes_back_when_he_starts_it(machine):
    machine.run("systemctl", "stop", unit("web"))
    wait_until("known as stopped", lambda: states(machine)["web"][4] == "stopped_by_operator" or states(machine)["web"][4])
    time.sleep(3)
    assert machine.active(unit("web")) == "inactive"
    machine.run("systemctl", "start", unit("web"))
    wait_ready(machine)


def test_killing_lakebedd_restarts_nothing_and_operators_wishes_are_remembered(machine):
    machine.run("systemctl", "stop", unit("web"))
    time.sleep(0.5)
    before = invocations(machine)
    del before["web"]  # that of a stopped unit goes with lakebedd, which had it kept in memory
    pid = machine.main_pid("lakebedd")
    machine.sh(f"kill -KILL {pid}")
    wait_until("a new lakebedd serves", lambda: machine.main_pid("lakebedd") not in (0, pid) and len(states(machine)) == 5, timeout=15)
    time.sleep(2)
    after = invocations(machine)
    assert {name: after[name] for name in before} == before
    assert machine.active(unit("web")) == "inactive"
    call(machine, "Start", "web")
    wait_ready(machine)


def test_a_crash_while_lakebedd_is_away_is_healed_when_it_is_back(machine):
    machine.run("systemctl", "stop", "lakebedd")
    pid = machine.main_pid(unit("a"))
    machine.sh(f"kill -KILL {pid}")
    machine.run("systemctl", "start", "lakebedd")
    wait_ready(machine, timeout=10)


def test_a_hung_service_is_killed_as_watchdog_and_restarted(machine):
    supervisor, pid = machine.invocation("lakebedd"), machine.main_pid(unit("web"))
    machine.sh(f"kill -STOP {pid}")
    wait_until("restarted", lambda: machine.main_pid(unit("web")) not in (0, pid), timeout=15)
    wait_ready(machine)
    assert states(machine)["web"][8] == "hang", states(machine)["web"]
    assert machine.invocation("lakebedd") == supervisor, "it must not have hit itself"


def test_a_hung_jvm_leaves_its_thread_dump_before_it_is_killed(machine):
    pid = machine.main_pid(unit("web"))
    machine.run("touch", "/run/hang")
    wait_until("it is killed", lambda: machine.main_pid(unit("web")) != pid, timeout=15)
    machine.run("rm", "/run/hang")
    wait_ready(machine)
    log = machine.journal("-u", unit("web"))
    assert "dump of all threads" in log and "watchdog" in log, log


def test_a_bad_configuration_is_known_by_its_log_line_and_not_retried(machine):
    put(machine, f"/etc/systemd/system/{unit('bad')}", UNIT.format(
        after="", start="/bin/sh -c 'echo FATAL: no such key: port; exit 1'", post="/bin/true"))
    machine.run("systemctl", "daemon-reload")
    put_graph(machine, generation=2, extra=node("bad", rest='fatal = [{ log = "^FATAL: no such key" }]'))
    call(machine, "Reload")
    wait_until("the cause is known", lambda: states(machine)["bad"][8] == "bad_config", timeout=10)
    wait_until("held", lambda: states(machine)["bad"][4] == "held", timeout=10)
    starts = machine.journal("-u", unit("bad")).count("FATAL: no such key")
    time.sleep(3)
    assert machine.journal("-u", unit("bad")).count("FATAL: no such key") == starts
    assert "no such key: port" in states(machine)["bad"][5]
    put_graph(machine)
    call(machine, "Reload")
    wait_ready(machine)


def tool(machine, *arguments):
    return machine.run("/opt/tool/client_tool", *arguments, check=False)


def test_the_client_lists_orders_and_waits(machine):
    listed = tool(machine, "list").stdout
    assert "c ready active restarts=" in listed and "needs=b\n" in listed and "site=demo generation=1 target=true ready=true" in listed
    assert tool(machine, "hold", "web").returncode == 0
    wait_until("held", lambda: "web held inactive" in tool(machine, "list").stdout)
    assert tool(machine, "release", "web").returncode == 0
    assert tool(machine, "wait-ready").stdout == "ready\n"
    unknown = tool(machine, "start", "wep")
    assert unknown.returncode == 10 and 'error: there is no service "wep", did you mean "web"?' in unknown.stderr
    assert tool(machine, "stop", "").returncode == 0
    wait_until("all stopped", lambda: {machine.active(unit(name)) for name in SERVICES} == {"inactive"})
    assert tool(machine, "start", "").returncode == 0
    assert tool(machine, "wait-ready").stdout == "ready\n"


def test_the_client_says_when_lakebedd_is_not_running(machine):
    machine.run("systemctl", "stop", "lakebedd")
    gone = tool(machine, "list")
    assert gone.returncode == 10 and gone.stderr == "error: lakebedd is not running\n  fix: systemctl start lakebedd\n"
    machine.run("systemctl", "start", "lakebedd")
    assert tool(machine, "list").returncode == 0, "it is there as soon as its unit is started"


def test_units_are_driven_without_systemctl(machine):
    put(machine, "/etc/systemd/system/other.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n[Install]\nWantedBy=multi-user.target\n")
    assert tool(machine, "daemon-reload").returncode == 0
    assert tool(machine, "unit-enable", "other.service").returncode == 0
    assert tool(machine, "unit-show", "other.service").stdout.startswith("other.service loaded inactive file=enabled")
    failed = tool(machine, "unit-start", "other.service")
    assert failed.returncode == 1 and 'cannot start other.service: the job ended with "failed", result of the unit: exit-code' in failed.stderr
    missing = tool(machine, "unit-start", "nothing.service")
    assert missing.returncode == 10 and "nothing.service not found" in missing.stderr, missing.stderr
    assert tool(machine, "unit-disable", "other.service").returncode == 0
    assert "file=disabled" in tool(machine, "unit-show", "other.service").stdout
    shown = tool(machine, "unit-show", "lakebed-*")
    assert shown.returncode != 0 or "listed lakebed-a.service active running" in shown.stdout


def test_restart_latency_is_a_few_ten_milliseconds(machine):
    """From SIGKILL to the start of the new main process, as PID 1 stamps it; each of 30 services once."""
    names = [f"n{i}" for i in range(30)]
    for name in names:
        put(machine, f"/etc/systemd/system/{unit(name)}", UNIT.format(after="", start="/bin/sleep infinity", post="/bin/true"))
    machine.run("systemctl", "daemon-reload")
    put_graph(machine, generation=3, extra="".join(node(name) for name in names))
    call(machine, "Reload")
    wait_until("35 ready", lambda: sum(entry[4] == "ready" for entry in states(machine).values()) == 35, timeout=60)
    pids = " ".join(f"{name}:{machine.main_pid(unit(name))}" for name in names)
    killed = machine.sh(f"for it in {pids}; do t=$EPOCHREALTIME; kill -9 ${{it#*:}}; echo ${{it%:*}} ${{t/./}}; sleep 0.2; done").stdout
    wait_until("35 ready", lambda: sum(entry[4] == "ready" for entry in states(machine).values()) == 35, timeout=60)

    def started(name):
        path = f"/org/freedesktop/systemd1/unit/lakebed_2d{name}_2eservice"
        return int(machine.out("busctl", "get-property", "org.freedesktop.systemd1", path, "org.freedesktop.systemd1.Service",
                               "ExecMainStartTimestamp").split()[1])

    latency = sorted((started(name) - int(at)) / 1000 for name, at in map(str.split, killed.splitlines()))
    print(f"restart latency ms: min {latency[0]:.1f} median {latency[len(latency) // 2]:.1f} max {latency[-1]:.1f}")
    assert 0 < latency[len(latency) // 2] < 100
    put_graph(machine)
    call(machine, "Reload")
    wait_ready(machine)
    machine.run("systemctl", "stop", *[unit(name) for name in names])


def test_a_bad_graph_leaves_the_old_one_in_force(machine):
    put_graph(machine, generation=2, extra=node("x", need=("nothing", "init")))
    refused = call(machine, "Reload", check=False)
    assert refused.returncode != 0 and "lakebed-nothing.service" in refused.stderr, refused.stderr
    assert "old graph stays" in machine.show("lakebedd", "StatusText")["StatusText"]
    assert all_ready(machine)
    put_graph(machine, generation=2)
    machine.run("systemctl", "reload", "lakebedd")
    wait_until("generation 2", lambda: "generation 2" in machine.show("lakebedd", "StatusText")["StatusText"])


def test_an_unknown_service_is_refused_with_a_suggestion(machine):
    refused = call(machine, "Restart", "wep", check=False)
    assert 'did you mean "web"?' in refused.stderr


def test_only_root_and_the_group_may_give_orders_and_everyone_may_look(machine):
    machine.sh("useradd --system --no-create-home guest; useradd --system --no-create-home --groups lakebed member")
    ask = "busctl call io.lakebed.Supervisor1 /io/lakebed/Supervisor1 io.lakebed.Supervisor1"
    assert machine.sh(f"setpriv --reuid guest --regid guest --clear-groups {ask} ListServices").returncode == 0
    refused = machine.sh(f"setpriv --reuid guest --regid guest --clear-groups {ask} Stop s web", check=False)
    assert refused.returncode != 0 and "Access denied" in refused.stderr, refused.stderr
    machine.sh(f"setpriv --reuid member --regid member --init-groups {ask} Start s web")


def test_daemon_reexec_is_survived_and_supervision_goes_on(machine):
    before = invocations(machine)
    machine.run("systemctl", "daemon-reexec")
    time.sleep(1)
    assert invocations(machine) == before
    pid = machine.main_pid(unit("c"))
    machine.sh(f"kill -KILL {pid}")
    wait_until("c runs again", lambda: machine.main_pid(unit("c")) not in (0, pid), timeout=10)
    wait_ready(machine)


def test_supervision_goes_on_without_a_bus_and_the_name_comes_back(machine):
    # dbus.socket would start it again.
    machine.run("systemctl", "stop", "dbus.socket", "dbus.service")
    pid = machine.main_pid(unit("c"))
    machine.sh(f"kill -KILL {pid}")
    wait_until("c runs again", lambda: machine.main_pid(unit("c")) not in (0, pid), timeout=10)
    machine.run("systemctl", "start", "dbus.socket")
    wait_ready(machine)


def test_a_stop_of_the_target_returns_when_all_is_down_and_a_start_brings_all_back(machine):
    machine.run("systemctl", "stop", "lakebed.target")
    assert {machine.active(unit(name)) for name in SERVICES} == {"inactive"}
    time.sleep(2)
    assert {machine.active(unit(name)) for name in SERVICES} == {"inactive"}
    assert machine.active("lakebedd") == "active"
    machine.run("systemctl", "start", "lakebed.target")
    wait_ready(machine)


def test_a_reboot_brings_all_back_also_what_an_operator_had_stopped(machine):
    machine.run("systemctl", "stop", unit("web"))
    time.sleep(0.5)
    machine.reboot()
    wait_ready(machine, timeout=30)


def test_a_taken_port_of_the_page_keeps_nobody_from_supervising(machine):
    put(machine, "/etc/default/lakebedd", "LAKEBEDD_OPTIONS='--web 127.0.0.1:8099'\n")  # that of service web
    machine.run("systemctl", "restart", "lakebedd")
    wait_ready(machine)
    problem = machine.out("busctl", "get-property", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1",
                          "Problem")
    assert "cannot serve the status page on 127.0.0.1:8099: Address already in use" in problem
    put(machine, "/etc/default/lakebedd", "LAKEBEDD_OPTIONS='--web 0.0.0.0:7070'\n")
    machine.run("systemctl", "restart", "lakebedd")
    wait_ready(machine)
    assert ":7070" not in machine.out("ss", "-Hltn")
    put(machine, "/etc/default/lakebedd", "LAKEBEDD_OPTIONS='--web off'\n")
    machine.run("systemctl", "restart", "lakebedd")
    wait_ready(machine)
    assert ":7070" not in machine.out("ss", "-Hltn")
    machine.run("rm", "/etc/default/lakebedd")
    machine.run("systemctl", "restart", "lakebedd")
    wait_ready(machine)
    assert fetch(machine, "/healthz") == "ok"


def test_at_rest_it_is_small_and_quiet(machine):
    pid = machine.main_pid("lakebedd")

    def ticks():
        fields = machine.out("cat", f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(20)
    used = (ticks() - before) / 100 / 20
    pss = int(re.search(r"^Pss:\s+(\d+)", machine.out("cat", f"/proc/{pid}/smaps_rollup"), re.M)[1]) / 1024
    print(f"lakebedd at rest: {used * 100:.3f} % CPU, {pss:.1f} MiB PSS")
    assert used < 0.005 and pss < 14


def test_the_unit_is_hardened(machine):
    text = machine.out("systemd-analyze", "security", "lakebedd.service", "--no-pager", check=False)
    assert float(re.search(r"exposure level for lakebedd.service: ([0-9.]+)", text)[1]) <= 4.0
