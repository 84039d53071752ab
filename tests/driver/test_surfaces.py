"""What people see of lakebedd: evidence of failures, `why`, `events`, `status`, D-Bus and systemctl, with dummies in a booted systemd.

The tests are one story and run in order; each leaves the machine with all services ready.
Graph: a; b reconnects to a; c has a session with b; j is a JVM with a liveness probe.
"""

import json
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from machine import SOURCE, Machine, environment, wait_until  # noqa: E402
from test_lakebedd import UNIT, call, metrics, fetch, node, put, states, unit  # noqa: E402

NAMES = ["a", "b", "c", "j"]
INCIDENTS = "/var/lib/lakebed/supervisor/incidents"
J = """jvm = true
[node.liveness]
kind = "http"
host = "127.0.0.1"
port = 8098
path = "/alive"
every = "500ms"
timeout = "2s"
failures = 2
"""


def put_graph(machine, generation=1, a="", extra=""):
    put(machine, "/var/lib/lakebed/current/graph.toml", f"""format = 1
site = "demo"
site_id = "0123456789abcdef"
generation = {generation}
{node("a", rest=a)}
{node("b", need=("a", "reconnects"))}
{node("c", need=("b", "session"))}
{node("j", rest=J)}
{extra}""")


@pytest.fixture(scope="module")
def machine():
    lakebedd, lakebed = environment("LAKEBEDD"), environment("LAKEBED")
    jre = next(Path(environment("LAKEBED_STORE")).glob("jre25-*"))
    it = Machine("surf", [(os.path.dirname(lakebedd), "/usr/libexec/lakebed"), (SOURCE / "units/static", "/mnt/units"),
                          (SOURCE / "packaging/files", "/mnt/files"), (os.path.dirname(lakebed), "/opt/bin"), (jre, "/opt/jre")])
    it.sh("cp /mnt/units/*.service /mnt/units/*.target /mnt/units/*.slice /etc/systemd/system/ && "
          "cp /mnt/units/*.conf /usr/share/dbus-1/system.d/ && ln -s /opt/bin/lakebed /usr/bin/lakebed && "
          "systemd-sysusers /mnt/files/sysusers.conf && systemd-tmpfiles --create /mnt/files/tmpfiles.conf && "
          "useradd -r -G lakebed olga && useradd -r stranger && mkdir -p /srv/j && touch /srv/j/alive && "
          "systemctl reload dbus && systemctl enable lakebed.target 2>/dev/null")
    for name, after in [("a", ""), ("b", "lakebed-a.service"), ("c", "lakebed-b.service"), ("j", "")]:
        start = "/bin/sh -c 'echo the words of " + name + "; exec sleep infinity'"
        if name == "j":
            start = "/opt/jre/bin/java -Xmx32m -XX:+UseSerialGC -m jdk.httpserver -b 127.0.0.1 -p 8098 -d /srv/j"
        put(it, f"/etc/systemd/system/{unit(name)}", UNIT.format(after=after, start=start, post="/bin/sleep 0.3"))
    put_graph(it)
    it.run("systemctl", "daemon-reload")
    it.run("systemctl", "start", "lakebed.target")
    wait_ready(it)
    yield it
    if not os.environ.get("KEEP"):
        it.down()


def wait_ready(machine, timeout=30, count=4):
    wait_until("all ready", lambda: [s[4] for s in states(machine).values()] == ["ready"] * count, timeout=timeout)


def kill(machine, name):
    pid = machine.main_pid(unit(name))
    assert pid > 1
    machine.run("kill", "-KILL", str(pid))


def incidents(machine, service):
    names = machine.out("ls", INCIDENTS, check=False).split()
    return sorted(name[:-5] for name in names if re.search(rf"Z-{service}-[a-z_]+\.toml$", name))


def lakebed(machine, *arguments, user=None):
    command = ["lakebed", *arguments]
    return machine.run(*(["setpriv", f"--reuid={user}", "--init-groups", *command] if user else command), check=False)


def document(machine, *arguments):
    return json.loads(lakebed(machine, *arguments, "--json").stdout)


def test_when_all_is_well_why_says_so(machine):
    done = lakebed(machine, "why")
    assert (done.returncode, done.stdout) == (0, "all 4 services are ready\n"), done
    assert lakebed(machine, "why", "b").stdout == "b is ready\n"
    assert lakebed(machine, "why", "q").returncode == 10


def test_of_a_crash_the_record_and_the_last_words_are_kept(machine):
    run = machine.invocation(unit("a"))
    kill(machine, "a")
    name = wait_until("the evidence", lambda: incidents(machine, "a"))[-1]
    record = machine.out("cat", f"{INCIDENTS}/{name}.toml")
    for line in ['service = "a"', 'cause = "crash"', 'detail = "killed by SIGKILL"', f'run = "{run}"', 'ended_by = "killed"',
                 "exit_status = 9", 'root = "a"', 'unit = "lakebed-a.service"']:
        assert line in record, record
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z the words of a", machine.out("cat", f"{INCIDENTS}/{name}.log"))
    assert machine.out("stat", "-c", "%a %U %G", f"{INCIDENTS}/{name}.log") == "640 root lakebed"
    assert machine.out("stat", "-c", "%a", "/var/lib/lakebed/supervisor/state.toml") == "600"
    wait_ready(machine)
    assert re.fullmatch(rf"a is ready\n  last      crash, \S+ ago: killed by SIGKILL\n  evidence  {INCIDENTS}/{name}.log\n",
                        lakebed(machine, "why", "a").stdout)


def test_of_a_hung_jvm_the_thread_dump_is_kept_before_it_is_killed(machine):
    run, pid = machine.invocation(unit("j")), machine.main_pid(unit("j"))
    machine.run("rm", "/srv/j/alive")
    wait_until("it is killed", lambda: machine.main_pid(unit("j")) not in (0, pid), timeout=20)
    machine.run("touch", "/srv/j/alive")
    wait_ready(machine)
    name = incidents(machine, "j")[-1]
    record, log = (machine.out("cat", f"{INCIDENTS}/{name}.{end}") for end in ("toml", "log"))
    assert 'cause = "hang"' in record and f'run = "{run}"' in record, record
    assert "Full thread dump OpenJDK" in log and '"Reference Handler"' in log and "java.lang.Thread.State: " in log, log
    assert len([n for n in incidents(machine, "j") if n.endswith("-hang")]) == 1, "its end was saved a second time"


def test_why_leads_from_a_held_service_to_the_root_its_last_words_and_what_to_do(machine):
    put(machine, f"/etc/systemd/system/{unit('a')}", UNIT.format(
        after="", start="/bin/sh -c 'echo FATAL: no such key: port; exit 1'", post="/bin/sleep 0.3"))
    put_graph(machine, 2, a='fatal = [{ log = "^FATAL: no such key" }]')
    machine.run("systemctl", "daemon-reload")
    call(machine, "Reload")
    for name in ("a", "b"):
        kill(machine, name)
        wait_until(f"{name} is held", lambda: states(machine)[name][4] == "held", timeout=15)
    wait_until("the evidence", lambda: any(n.endswith("bad_config") for n in incidents(machine, "a")))

    done = lakebed(machine, "why", "b")
    assert done.returncode == 3, done
    assert re.match(r"b is held: a is not ready: FATAL: no such key: port, \d.* ago\n", done.stdout), done.stdout
    assert "path      b → a\n" in done.stdout and "| " in done.stdout and "FATAL: no such key: port\n" in done.stdout
    assert INCIDENTS in done.stdout and "to do     mend what the line says, then lakebed apply" in done.stdout
    everything = lakebed(machine, "why").stdout
    assert re.match(r"a is held: its configuration is wrong: FATAL: no such key: port, \d.* ago; ", everything) and everything.count("to do") == 1, everything
    assert re.search(r"waiting   (b, c|b|c)\n", everything), everything
    told = document(machine, "why", "b")
    assert told["troubles"][0]["path"] == ["b", "a"] and told["troubles"][0]["root"]["cause"] == "bad_config"

    assert "FATAL: no such key: port" in lakebed(machine, "why", "a", user="olga").stdout, "group lakebed may read the evidence"
    refused = lakebed(machine, "why", "a", user="stranger")
    assert refused.returncode == 3 and "a is held: its configuration is wrong" in refused.stdout


def test_systemctl_status_says_why_a_unit_does_not_run(machine):
    for name in ("a", "b"):
        shown = machine.out("systemctl", "status", "--no-pager", "-n", "5", unit(name), check=False)
        assert "Active: inactive" in shown and f"{name} is held: " in shown and "FATAL: no such key: port" in shown, shown
    call(machine, "Hold", "c")
    wait_until("c is held", lambda: states(machine)["c"][5] == "c is held by an operator")
    assert "c is held by an operator" in machine.out("systemctl", "status", "--no-pager", unit("c"), check=False)
    call(machine, "Release", "c")
    machine.run("systemctl", "stop", unit("j"))
    wait_until("j is stopped", lambda: states(machine)["j"][4] == "stopped_by_operator")
    assert "j was stopped by an operator" in machine.out("systemctl", "status", "--no-pager", unit("j"), check=False)
    machine.run("systemctl", "start", unit("j"))


def test_why_says_something_true_without_lakebedd(machine):
    machine.run("systemctl", "stop", "lakebedd")
    done = lakebed(machine, "why", "b")
    assert done.returncode == 3 and "path      b → a\n" in done.stdout and "lakebedd is not running" in done.stderr, done
    assert document(machine, "why")["source"] == "systemd"
    machine.run("systemctl", "start", "lakebedd")
    put(machine, f"/etc/systemd/system/{unit('a')}", UNIT.format(
        after="", start="/bin/sh -c 'echo the words of a; exec sleep infinity'", post="/bin/sleep 0.3"))
    machine.run("systemctl", "daemon-reload")
    put_graph(machine, 3)
    call(machine, "Reload")
    wait_ready(machine)


def test_a_service_in_the_slow_lane_says_so_everywhere(machine):
    put(machine, f"/etc/systemd/system/{unit('s')}", UNIT.format(after="", start="/bin/false", post="/bin/true"))
    machine.run("systemctl", "daemon-reload")
    slow = node("s").replace('max = "5s"', 'max = "300ms", budget = 2')
    put_graph(machine, 4, extra=slow)
    call(machine, "Reload")
    wait_until("the slow lane", lambda: states(machine)["s"][4] == "slow_lane")
    shown = machine.out("systemctl", "status", "--no-pager", "-n", "20", unit("s"), check=False)
    assert "2 restarts did not help, it is tried every" in shown, shown
    seen = metrics(machine)
    assert seen["lakebed_service_restart_budget", "s"] == 2 and seen["lakebed_service_restart_budget_spent", "s"] == 2
    assert seen["lakebed_service_backoff_seconds", "s"] > 60 and seen["lakebed_stack_restart_budget_spent",] >= 2
    assert seen["lakebed_probe_seconds_count", "j", "liveness"] > 3 and 0 < seen["lakebed_probe_last_seconds", "j", "liveness"] < 2
    done = lakebed(machine, "why")
    assert re.match(r"s ended with exit status 1, \S+ ago; 2 restarts did not help", done.stdout) and "next try  in " in done.stdout, done.stdout
    put_graph(machine, 5)
    call(machine, "Reload")
    wait_ready(machine)


def test_no_more_than_twenty_incidents_of_a_service_are_kept(machine):
    for second in range(25):
        machine.sh(f"cd {INCIDENTS} && touch 20200101T0000{second:02}.000Z-a-crash.toml 20200101T0000{second:02}.000Z-a-crash.log")
    kept = incidents(machine, "a")
    kill(machine, "a")
    wait_until("the new one", lambda: incidents(machine, "a")[-1] > kept[-1])
    assert len(incidents(machine, "a")) == 20
    assert machine.out("sh", "-c", f"ls {INCIDENTS}/*-a-*.log | wc -l") == "20"
    wait_ready(machine)


def test_events_are_one_line_each_and_outlive_lakebedd_and_a_reboot(machine):
    call(machine, "Hold", "c")
    wait_until("held", lambda: states(machine)["c"][4] == "held")
    call(machine, "Release", "c")
    wait_ready(machine)
    machine.run("systemctl", "stop", "lakebedd")
    lines = lakebed(machine, "events", "--lines", "500").stdout.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  [abcjs ] +\S", line) for line in lines), lines
    for pattern in [r"  a  failed        was killed by SIGKILL; evidence: \d{8}T", r"  a  restart       by lakebedd",
                    r"  c  order         root ordered: hold c", r"  c  held          by an operator", r"  j  hung          asking the JVM",
                    r"  c  ready$", r"     lakebedd      generation 3 is in force", r"  s  slow lane "]:
        assert any(re.search(pattern, line) for line in lines), (pattern, lines)
    only = document(machine, "events", "c", "--since", "1h")["events"]
    assert {event["service"] for event in only} == {"c"} and {"state", "order", "job"} <= {event["kind"] for event in only}
    assert lakebed(machine, "events", "--since", "yesterday-ish").returncode == 2
    before = len(only)
    machine.run("systemctl", "start", "lakebedd")
    machine.reboot()
    wait_ready(machine)
    assert len(document(machine, "events", "c", "--since", "1h")["events"]) > before


def test_events_are_followed(machine):
    machine.sh("lakebed events -f --json --lines 0 >/run/followed 2>&1 & echo $! >/run/follower")
    machine.sh("lakebed events a -f --lines 0 >/run/lines 2>&1 & echo $! >/run/other")
    wait_until("they follow", lambda: machine.out("cat", "/run/follower", "/run/other"))
    kill(machine, "b")
    wait_until("the failure", lambda: '"kind":"incident"' in machine.out("cat", "/run/followed"))
    wait_ready(machine)
    events = [json.loads(line) for line in machine.out("cat", "/run/followed").splitlines()]
    assert {"b", "c"} <= {event.get("service") for event in events}
    assert machine.out("cat", "/run/lines") == ""
    for file in ("/run/follower", "/run/other"):
        machine.run("kill", "-INT", machine.out("cat", file))


def test_why_tells_what_lakebedd_itself_complains_of(machine):
    put(machine, "/var/lib/lakebed/current/graph.toml", "format = 1\nnode = 3\n")
    assert call(machine, "Reload", check=False).returncode != 0
    done = lakebed(machine, "why", "b")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "b is ready"), done
    assert "lakebedd complains: the old graph stays in force: " in done.stdout and "graph.toml:2" in done.stdout
    assert "the old graph stays in force" in lakebed(machine, "events", "-n", "3").stdout
    assert lakebed(machine, "status").returncode == 0
    put_graph(machine, 5)
    call(machine, "Reload")
    assert document(machine, "why")["problem"] == ""


TERMINAL = """import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execvp("lakebed", ["lakebed", "status", "--watch"])
seen, end, killed = b"", time.monotonic() + 20, False
while time.monotonic() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try: seen += os.read(fd, 65536)
        except OSError: break
    if not killed and seen.count(b"Ctrl-C") >= 3:
        killed = True
        os.write(fd, b"\\x03")
sys.stdout.buffer.write(seen)
sys.exit(os.WTERMSIG(os.waitpid(pid, 0)[1]))
"""


def test_status_is_watched_on_a_terminal_and_without_one(machine):
    machine.sh("lakebed status --watch >/run/watched 2>&1 & echo $! >/run/watcher")
    wait_until("the first lines", lambda: machine.out("wc", "-l", "/run/watched").startswith("4 "))
    kill(machine, "a")
    wait_until("the change", lambda: re.search(r"\d\d:\d\d:\d\d  a +restarting: was killed by SIGKILL", machine.out("cat", "/run/watched")))
    wait_ready(machine)
    assert "\x1b" not in machine.out("cat", "/run/watched")
    machine.run("kill", "-INT", machine.out("cat", "/run/watcher"))
    assert lakebed(machine, "status", "--watch", "--json").returncode == 2

    done = machine.run("python3", "-c", TERMINAL, check=False)
    assert done.returncode == 2, done  # SIGINT
    assert "\x1b[6A\n\x1b[J" in done.stdout and "generation 5; Ctrl-C ends this" in done.stdout, done.stdout
    for left_over in ("\x1b[?1049h", "\x1b[?25l"):  # another screen, a hidden cursor
        assert left_over not in done.stdout


def test_the_bus_tells_of_properties_and_incidents_and_strangers_only_read(machine):
    machine.sh("timeout 60 busctl monitor --json=short io.lakebed.Supervisor1 >/run/bus 2>/dev/null & sleep 1")
    kill(machine, "a")
    wait_until("the incident", lambda: '"IncidentSeen"' in machine.out("cat", "/run/bus"), timeout=20)
    wait_ready(machine)

    def heard():
        return [json.loads(line) for line in machine.out("cat", "/run/bus").splitlines()]

    def ready():
        return [m["payload"]["data"][1]["Ready"]["data"] for m in heard()
                if m.get("member") == "PropertiesChanged" and "Ready" in m["payload"]["data"][1]]

    seen = next(m for m in heard() if m.get("member") == "IncidentSeen")["payload"]["data"]
    assert seen[:3] == ["a", "crash", "killed by SIGKILL"] and seen[3] == incidents(machine, "a")[-1]
    wait_until("it is told that all is ready again", lambda: ready()[:2] == [False, True])

    place = ["io.lakebed.Supervisor1", "/io/lakebed/Supervisor1"]
    shown = machine.out("setpriv", "--reuid=stranger", "--init-groups", "busctl", "introspect", *place, "io.lakebed.Supervisor1")
    for word in ("ListServices", "IncidentSeen", "ServiceChanged", ".Problem", "emits-change", ".Ready"):
        assert word in shown, shown
    for method, arguments in [("Stop", ["s", "a"]), ("Hold", ["s", "a"]), ("Start", ["s", ""]), ("Release", ["s", "a"]),
                              ("Restart", ["s", "a"]), ("Reload", [])]:
        refused = machine.run("setpriv", "--reuid=stranger", "--init-groups", "busctl", "call", *place, "io.lakebed.Supervisor1", method,
                              *arguments, check=False)
        assert refused.returncode != 0 and "denied" in (refused.stdout + refused.stderr).lower(), (method, refused)
    assert lakebed(machine, "status", user="stranger").returncode == 0
    assert lakebed(machine, "hold", "a", user="stranger").returncode == 9
    assert lakebed(machine, "hold", "c", user="olga").returncode == 0
    assert lakebed(machine, "release", "c", user="olga").returncode == 0
    wait_ready(machine)
    uid = machine.out("id", "-u", "olga")
    assert any(f"uid {uid} ordered: hold c" in event["message"] for event in document(machine, "events", "c")["events"])


def test_a_full_disk_costs_the_evidence_and_one_line_in_the_log(machine):
    machine.sh(f"mount -t tmpfs -o size=4k,nr_inodes=2 tmpfs {INCIDENTS} && systemctl restart lakebedd")
    wait_ready(machine)
    for _ in range(2):
        kill(machine, "b")
        wait_until("known", lambda: states(machine)["b"][4] != "ready")
        wait_ready(machine)
    complaints = wait_until("the complaint", lambda: re.findall("cannot keep the evidence.*", machine.journal("-b", "-u", "lakebedd")))
    assert len(complaints) == 1, complaints
    machine.sh(f"systemctl stop lakebedd && umount {INCIDENTS} && systemctl start lakebedd")
    wait_ready(machine)


def test_the_status_page_links_to_the_evidence(machine):
    page, name = fetch(machine, "/"), incidents(machine, "j")[-1]
    assert f'href="/incidents/{name}"' in page
    assert "Full thread dump" in fetch(machine, f"/incidents/{name}")
    ask = ("import sys, http.client; c = http.client.HTTPConnection('127.0.0.1', 7070); "
           "c.request('GET', sys.argv[1]); print(c.getresponse().status)")
    for user, status in [("stranger", "403"), ("olga", "200")]:
        assert machine.out("setpriv", f"--reuid={user}", "--init-groups", "python3", "-c", ask, f"/incidents/{name}") == status
    for path in ("/incidents/../state.toml", "/incidents/%2e%2e/state.toml", "/incidents/nothing", "/incidents/"):
        assert machine.out("python3", "-c", ask, path) == "404", path
