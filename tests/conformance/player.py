"""Plays one scenario in a booted systemd: player.py NAME STEP… , as scenarios.toml describes them.

The recording of lakebedd is left in /var/lib/lakebed/supervisor/recording.jsonl.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

STATE = Path("/var/lib/lakebed/supervisor")
RUNTIME = Path("/run/lakebed/supervisor")
RECORDING = STATE / "recording.jsonl"
UNITS = Path("/usr/local/lib/systemd/system")  # not /etc: what is there cannot be masked
LONGEST = 60  # seconds that a step may wait
SETTLE = 0.1  # between all ready and the next step
LAST = 1  # seconds for what follows the last step
NAMES = ["a", "b", "c", "i", "web"]
SERVICE = """[Unit]
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
ExecStart=/bin/sh -c 'if rm /run/fail-{name} 2>/dev/null; then exit 1; fi; \
  if [ -e /run/slow-{name} ]; then exec perl /opt/slow.pl; fi; exec {start}'
ExecStartPost=/bin/sleep 0.3
TimeoutStopSec=2
"""
JOB = """[Unit]
PartOf=lakebed.target
After=lakebed.target lakebedd.service lakebed-a.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
"""
WEB = """use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8099, Listen => 16, ReuseAddr => 1) or die;
while (1) {
  my $c = $s->accept or next;
  while (my $line = <$c>) { if ($line eq "\\r\\n") { print $c "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"; $c->flush } }
}
"""
SLOW = """$SIG{TERM} = sub { sleep 1; exit 0 };
sleep 1 while 1;
"""


def unit(name):
    return f"lakebed-{name}.service"


def out(*command, check=True):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=check).stdout.strip()


def show(name, *properties):
    text = out("systemctl", "show", unit(name), "-p", ",".join(properties))
    return dict(line.split("=", 1) for line in text.splitlines())


def states():
    text = out("busctl", "--json=short", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1",
               "ListServices", check=False)
    return {entry[0]: entry[4] for entry in json.loads(text)["data"][0]} if text.startswith("{") else {}


def wait_until(condition):
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            shown = [(name, show(name, "ActiveState", "SubState")) for name in NAMES]
            sys.exit(f"not within {LONGEST} s; lakebedd says {states()}, systemd {shown}")
        time.sleep(0.01)


def prepare():
    UNITS.mkdir(parents=True, exist_ok=True)
    for name, after, start in [("a", "", "sleep infinity"), ("b", unit("a"), "sleep infinity"), ("c", unit("b"), "sleep infinity"),
                               ("web", "", "perl /opt/web.pl")]:
        (UNITS / unit(name)).write_text(SERVICE.format(name=name, after=after, start=start))
    (UNITS / unit("i")).write_text(JOB)
    Path("/opt/web.pl").write_text(WEB)
    Path("/opt/slow.pl").write_text(SLOW)
    Path("/etc/default/lakebedd").write_text(f'LAKEBEDD_OPTIONS="--record {RECORDING} --web off"\n')
    out("systemctl", "daemon-reload")


def clean():
    out("systemctl", "unmask", *map(unit, NAMES))
    out("systemctl", "stop", "lakebed.target")
    out("systemctl", "stop", "lakebedd", *map(unit, NAMES))
    out("systemctl", "reset-failed")
    for directory in (STATE, RUNTIME):
        for path in directory.glob("*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in NAMES:
        Path(f"/run/fail-{name}").unlink(missing_ok=True)
        Path(f"/run/slow-{name}").unlink(missing_ok=True)


def main_pid(name):
    pid = int(show(name, "MainPID")["MainPID"])
    if pid <= 1:
        sys.exit(f"{name} has no main process")
    return str(pid)


def perform(step):
    verb, *rest = step.split()
    if verb == "ready":
        wait_until(lambda: set(states().values()) == {"ready"})
        time.sleep(SETTLE)
    elif verb == "pause":
        amount, scale = re.fullmatch(r"(\d+)(ms|s)", rest[0]).groups()
        time.sleep(int(amount) / (1000 if scale == "ms" else 1))
    elif verb == "target":
        out("systemctl", rest[0], "--no-block", "lakebed.target")
    elif verb == "lakebedd":
        out("systemctl", rest[0], "lakebedd")
    elif verb == "kill":
        out("kill", "-KILL", main_pid(rest[0]))
    elif verb == "term":
        out("kill", "-TERM", main_pid(rest[0]))
    elif verb == "hang":
        out("kill", "-STOP", main_pid(rest[0]))
    elif verb in ("fail", "slow"):
        Path(f"/run/{verb}-{rest[0]}").touch()
    elif verb == "systemctl":
        out("systemctl", rest[0], "--no-block", unit(rest[1]))
    elif verb == "lakebed":
        out("busctl", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1",
            rest[0].capitalize(), "s", rest[1])
    elif verb in ("mask", "unmask"):
        out("systemctl", verb, unit(rest[0]))
    elif verb in ("daemon-reload", "daemon-reexec"):
        out("systemctl", verb)
    elif verb == "state":
        wait_until(lambda: states().get(rest[0]) == rest[1])
    elif verb == "unit":
        wait_until(lambda: "/".join(show(rest[0], "ActiveState", "SubState").values()) == rest[1])
    else:
        sys.exit(f"unknown step: {step}")


if __name__ == "__main__":
    if sys.argv[1] == "--prepare":
        prepare()
    else:
        clean()
        for each in sys.argv[1:]:
            perform(each)
        time.sleep(LAST)
        out("systemctl", "stop", "lakebedd")  # which writes the rest
