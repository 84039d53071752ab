"""A disposable systemd machine for tests, driven through scripts/machine.sh."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
SCRIPT = str(SOURCE / "scripts" / "machine.sh")


class Failed(AssertionError):
    pass


class Machine:
    def __init__(self, name, binds=()):
        self.name = name
        arguments = ["up", name]
        for host, inside in binds:
            arguments += ["--bind-ro", f"{host}:{inside}"]
        self._script("down", name)
        self._script(*arguments)

    def _script(self, *arguments, timeout=300):
        done = subprocess.run([SCRIPT, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        if done.returncode:
            raise Failed(f"machine.sh {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def run(self, *command, check=True, timeout=300, input=None):
        """Runs in the machine; returns the finished process (stdout and stderr as text)."""
        done = subprocess.run(
            [SCRIPT, "exec", self.name, *command],
            input=input, stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout)
        if check and done.returncode:
            raise Failed(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def sh(self, script, **options):
        return self.run("bash", "-c", script, **options)

    def out(self, *command, **options):
        return self.run(*command, **options).stdout.strip()

    def reboot(self):
        self._script("reboot", self.name)

    def powercut(self):
        self._script("powercut", self.name)
        self._script("boot", self.name)

    def forward(self, port):
        """A port of this host's loopback that leads to `port` in the machine, until down()."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            here = free.getsockname()[1]
        self._script("forward", self.name, str(port), str(here))
        return here

    def down(self):
        self._script("down", self.name)

    # -- systemd ---------------------------------------------------------------------------------

    def show(self, unit, *properties):
        text = self.out("systemctl", "show", unit, "-p", ",".join(properties))
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def active(self, unit):
        return self.show(unit, "ActiveState")["ActiveState"]

    def main_pid(self, unit):
        return int(self.show(unit, "MainPID")["MainPID"])

    def invocation(self, unit):
        return self.show(unit, "InvocationID")["InvocationID"]

    # -- lakebed ---------------------------------------------------------------------------------

    def lakebed_json(self, *arguments, check=True, timeout=900):
        done = self.run("lakebed", *arguments, "--json", check=check, timeout=timeout)
        text = done.stdout
        start = text.index("{") if text.startswith("{") else text.index("\n{") + 1
        return json.loads(text[start:]), done.returncode

    def journal(self, *arguments):
        return self.out("journalctl", "--no-pager", "-o", "short-monotonic", *arguments, check=False)


def wait_until(what, condition, timeout=60, every=0.2):
    """Waits for a condition of the machine; fails with what it waited for and the last value seen."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"after {timeout} s still not: {what} (last seen: {value!r})")
        time.sleep(every)


def environment(name):
    value = os.environ.get(name)
    if not value:
        raise Failed(f"{name} is not set: run ./dev test system")
    return value
