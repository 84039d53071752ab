"""lakebedd dies or freezes at a random moment of a start, a recovery or a stop; what must hold afterwards."""

import json
import random
import time

from machine import Failed, wait_until

SHOW = """import json, subprocess, sys
names = json.load(sys.stdin)
text = subprocess.run(["systemctl", "show", "-p", "Id,ActiveState,InvocationID,MainPID", *names], capture_output=True, text=True).stdout
print(json.dumps({block["Id"]: [block["ActiveState"], block["InvocationID"], int(block.get("MainPID", 0))]
    for block in (dict(line.split("=", 1) for line in part.splitlines()) for part in text.strip().split("\\n\\n"))}))
"""
# Main processes by service: children of PID 1 in the service's own cgroup. More than one is a second copy.
COPIES = """import collections, glob, json
found = collections.Counter()
for path in glob.glob("/proc/[0-9]*"):
    try:
        parent = int(open(path + "/stat").read().rsplit(")", 1)[1].split()[1])
        groups = open(path + "/cgroup").read()
    except OSError:
        continue
    unit = groups.strip().rsplit("/", 1)[-1]
    if parent == 1 and "/lakebed.slice/" in groups: found[unit] += 1
print(json.dumps(found))
"""


class Stack:
    """Services and jobs of a running stack: unit by name, and which follow a restart of which."""

    def __init__(self, machine, services, jobs, sessions):
        self.machine, self.services, self.jobs = machine, services, jobs
        self.sessions = sessions # name: those with a session edge to it

    def unit(self, name):
        return f"lakebed-{name}.service"

    def look(self):
        """(ActiveState, InvocationID, MainPID) by name."""
        seen = json.loads(self.machine.run("python3", "-c", SHOW, input=json.dumps([self.unit(name) for name in self.services + self.jobs])).stdout)
        return {name: tuple(seen[self.unit(name)]) for name in self.services + self.jobs}

    def copies(self):
        return {unit: count for unit, count in json.loads(self.machine.run("python3", "-c", COPIES).stdout).items() if count > 1}

    def all_ready(self):
        text = self.machine.out("busctl", "--json=short", "call", "io.lakebed.Supervisor1", "/io/lakebed/Supervisor1", "io.lakebed.Supervisor1",
                                "ListServices", check=False)
        if not text.startswith("{"):
            return False
        states = {entry[0]: entry[4] for entry in json.loads(text)["data"][0]}
        return set(states) >= set(self.services + self.jobs) and set(states.values()) == {"ready"}

    def wait_ready(self, timeout):
        try:
            wait_until("every service ready", self.all_ready, timeout, 0.3)
        except Failed:
            print(self.machine.run("lakebed", "status", check=False).stdout)
            raise

    def all_down(self):
        return all(state in ("inactive", "failed") for state, _, _ in self.look().values())

    def followers(self, names):
        found = set(names)
        while more := {follower for name in found for follower in self.sessions.get(name, ())} - found:
            found |= more
        return found


def strike(machine, how):
    """SIGKILL or SIGSTOP to lakebedd's main process; False when there is none at this moment."""
    pid = machine.main_pid("lakebedd")
    return pid > 1 and machine.run("kill", f"-{how}", str(pid), check=False).returncode == 0


def play(stack, seed, ready_within, longest_pause):
    """One death. Returns what happened, in words; fails when something that must hold does not."""
    machine, dice = stack.machine, random.Random(seed)
    scene = dice.choice(["start", "recovery", "stop"])
    how = dice.choice(["KILL", "STOP"])
    pause = dice.uniform(0, longest_pause)
    story = f"seed {seed}: {how} {pause:.2f} s into a {scene}"
    if scene == "start":
        machine.run("systemctl", "stop", "lakebed.target", timeout=180)
        machine.run("systemctl", "start", "--no-block", "lakebed.target")
        time.sleep(pause)
        before = {name: seen for name, seen in stack.look().items() if seen[0] == "active"}
        strike(machine, how)
    elif scene == "recovery":
        victims = dice.sample(stack.services, dice.randint(1, min(3, len(stack.services))))
        story += f" of {', '.join(victims)}"
        hit = stack.followers(victims)
        before = {name: seen for name, seen in stack.look().items() if name not in hit}
        pids = [str(pid) for name, (_, _, pid) in stack.look().items() if name in victims and pid > 1]
        first = dice.random() < 0.3 # sometimes lakebedd goes first
        if first:
            strike(machine, how)
        machine.run("kill", "-KILL", *pids)
        if not first:
            time.sleep(pause / 4)
            strike(machine, how)
    else:
        machine.run("systemctl", "stop", "--no-block", "lakebed.target")
        time.sleep(pause / 4)
        strike(machine, how)
        wait_until("everything down", stack.all_down, 180, 0.2)
        time.sleep(1)
        assert stack.all_down(), f"{story}: something was started while the target was down"
        before = {}
        machine.run("systemctl", "start", "lakebed.target", timeout=60)
    began = time.monotonic()
    stack.wait_ready(ready_within)
    after = stack.look()
    restarted = [name for name, seen in before.items() if after[name][1:] != seen[1:]]
    assert not restarted, f"{story}: healthy services were restarted: {restarted}"
    assert not stack.copies(), f"{story}: second copies: {stack.copies()}"
    return f"{story}: ready {time.monotonic() - began:.1f} s later"
