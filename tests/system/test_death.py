"""SIGKILL and SIGSTOP of lakebedd at random moments, over real PostgreSQL and Redis and six dummy services."""

import os
import time
from pathlib import Path

import pytest

from death import Stack, play, strike
from machine import SOURCE, Machine, environment, wait_until

# What each dummy needs. d2 has a session with d1, and d4 with d3.
NEEDS = {
    "d1": [("postgres", "reconnects")],
    "d2": [("d1", "session")],
    "d3": [("redis", "reconnects")],
    "d4": [("d3", "session"), ("d2", "reconnects")],
    "d5": [],
    "d6": [("d5", "init")],
}
JOBS = ["init-postgres", "init-databases"]
PROFILE = """name = "death"
title = "Two real servers and six dummies"
services = ["postgres", "init-postgres", "init-databases", "redis", "d1", "d2", "d3", "d4", "d5", "d6"]
"""
FULL = os.environ.get("LAKEBED_RECOVERY") == "full"
DEATHS = 200 if FULL else 20


@pytest.fixture(scope="module")
def machine():
    deb = Path(environment("LAKEBED_DEB"))
    it = Machine("lb-death", [(environment("LAKEBED_DEPOT"), "/var/lib/lakebed/depot"), (deb.parent, "/mnt/deb")])
    it.run("apt-get", "install", "-y", "-qq", f"/mnt/deb/{deb.name}")
    put(it, "/etc/lakebed/conf.d/10-death.toml", 'profile = "death"\n')
    put(it, "/usr/share/lakebed/profiles/death.toml", PROFILE)
    here = SOURCE / "tests/system/dummy"
    put(it, "/usr/share/lakebed/units/dummy.service.in", (here / "dummy.service.in").read_text())
    for name, needs in NEEDS.items():
        text = (here / "dummy.toml").read_text().replace("@NAME@", name)
        text += "".join(f'[[need]]\non = "{on}"\ntype = "{kind}"\n' for on, kind in needs)
        put(it, f"/usr/share/lakebed/conf/{name}.toml", text)
    # A frozen lakebedd is found by systemd's watchdog; half a minute each time would be long.
    put(it, "/etc/systemd/system/lakebedd.service.d/test.conf", "[Service]\nWatchdogSec=2\n")
    it.run("systemctl", "daemon-reload")
    it.run("lakebed", "up", "--offline", timeout=300)
    yield it
    if not os.environ.get("KEEP"):
        it.down()


@pytest.fixture(scope="module")
def stack(machine):
    return Stack(machine, ["postgres", "redis", *NEEDS], JOBS, {"d1": ["d2"], "d3": ["d4"]})


def put(machine, path, text):
    machine.run("bash", "-c", f"mkdir -p $(dirname {path}) && cat >{path}", input=text)


def test_nothing_is_lost_or_doubled_however_lakebedd_dies(stack):
    first = int(os.environ.get("LAKEBED_SEED", "1"))
    print(f"{DEATHS} deaths, seeds from {first}")
    for seed in range(first, first + DEATHS):
        print(play(stack, seed, ready_within=60, longest_pause=2.5), flush=True)


def test_with_lakebedd_stopped_for_good_a_killed_service_comes_back(machine, stack):
    machine.run("systemctl", "stop", "lakebedd")
    before = stack.look()
    machine.run("kill", "-KILL", str(before["redis"][2]), str(before["d1"][2]))
    began = time.monotonic()
    wait_until("systemd has started both again", lambda: all(stack.look()[name][0] == "active" for name in ("redis", "d1")), 40)
    print(f"back after {time.monotonic() - began:.1f} s by systemd's hold-off of 15 s")
    after = stack.look()
    assert {name for name in before if before[name] != after[name]} == {"redis", "d1"}
    machine.run("systemctl", "start", "lakebedd")
    # d2 has a session with d1, and nobody has renewed it so far.
    wait_until("d2 is restarted", lambda: stack.look()["d2"][1] != after["d2"][1], 30)
    stack.wait_ready(30)
    assert {name for name, seen in stack.look().items() if seen != after[name]} == {"d2"}


def test_a_frozen_lakebedd_does_not_keep_systemctl_waiting(machine, stack):
    strike(machine, "STOP")
    began = time.monotonic()
    machine.run("systemctl", "restart", stack.unit("redis"), timeout=60)
    assert time.monotonic() - began < 10
    stack.wait_ready(30)


def test_with_lakebedd_masked_a_reboot_and_the_direct_target_bring_everything_up_in_order(machine, stack):
    machine.run("systemctl", "mask", "--now", "lakebedd.service")
    machine.reboot()
    machine.run("systemctl", "start", "lakebed-direct.target", timeout=300)
    assert {state for state, _, _ in stack.look().values()} == {"active"}
    for name, needs in NEEDS.items():
        for need, _ in needs:
            ready = int(machine.show(stack.unit(need), "ActiveEnterTimestampMonotonic")["ActiveEnterTimestampMonotonic"])
            began = int(machine.show(stack.unit(name), "InactiveExitTimestampMonotonic")["InactiveExitTimestampMonotonic"])
            assert ready <= began, (need, name)
    machine.run("systemctl", "unmask", "lakebedd.service")
    before = stack.look()
    machine.run("systemctl", "start", "lakebed.target")
    stack.wait_ready(60)
    assert stack.look() == before, "what systemd alone had started is adopted"
