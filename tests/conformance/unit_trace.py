"""What a recording of lakebedd says of each unit, in a form in which two machines can be compared.

A trace is the list of what the engine was told of a unit and did to it:
  unit ACTIVE/SUB RESULT run=N job=TYPE    a snapshot that differs from the one before
  job TYPE RESULT [ours]                   the end of a job
  do ACTION                                start, stop, restart, reset_failed, trigger_watchdog
  is STATE                                 what lakebedd calls it from now on
Runs are numbered as they appear. Sub-states that nobody tells apart are one: start-pre and start; all of stopping.

A signal of systemd says that something changed, not what, and what is read a moment later may be newer. The simulated machine shows every
moment; the real one may leave out, and only leave out:
- snapshots in passing: activating (but not auto-restart), deactivating, or with a job;
- the names that lakebedd gives these: starting, stopping, restarting; they may come at a later one of these snapshots;
- the type of a job that is not ours and went before it could be asked for ("?"); such a restart whose stop is over is a "start".
Everything else must be in both traces in the same order, and what passes must pass between the same two of these. The end of a job is told
with a read that began after it, so among what passes it has no place of its own.
"""

import json

DONE = ("start", "stop", "restart", "reset_failed", "trigger_watchdog")
PASSING_STATES = ("starting", "stopping", "restarting")


def sub_class(sub):
    if sub.startswith(("stop", "final")):
        return "stop"
    return {"start-pre": "start", "condition": "start"}.get(sub, sub)


def traces(text):
    """By unit: items as (text, kind); kind "" is firm, "unit" and "is" pass, "job" is the end of one."""
    units, runs, last = {}, {}, {}

    def add(name, item, kind=""):
        units.setdefault(name, []).append((item, kind))

    def snapshot(name, now):
        run = now.get("invocation_id", "")
        known = runs.setdefault(name, [""])
        if run not in known:
            known.append(run)
        active, sub = now["active_state"], sub_class(now["sub_state"])
        job = now.get("job_type", "?") if now.get("job_id") else ""
        item = f"unit {active}/{sub} {now['result']} run={known.index(run) or '-'}" + (f" job={job}" if job else "")
        if now["load_state"] != "loaded":
            item += f" {now['load_state']}"
        if last.get(name) == item:
            return
        last[name] = item
        passing = job or (active in ("activating", "deactivating") and sub != "auto-restart")
        add(name, item, "unit" if passing else "")

    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # half a line of a recorder that was killed
        if "format" in record:
            for name in units:
                add(name, "lakebedd starts")
            last.clear()
        event = record.get("event", {})
        name = event.get("unit")
        if event.get("is") == "unit_changed":
            snapshot(name, event["now"])
        elif event.get("is") == "job_done":
            add(name, f"job {event.get('job_type', '?')} {event['result']}" + (" ours" if event.get("ours") else ""), "job")
        for action in record.get("actions", []):
            if action["is"] in DONE:
                add(action["unit"], f"do {action['is']}")
            elif action["is"] == "announce":
                add(action["unit"], f"is {action['state']}", "is" if action["state"] in PASSING_STATES else "")
    return units


def same(real, simulated):
    """Equal, but for the type of a job that could not be asked for in time."""
    if real.startswith(("do", "is")) or real.endswith(" ours") or real == simulated:
        return real == simulated
    left, right = real.split(), simulated.split()
    late = [("start", "restart"), ("job=start", "job=restart")]
    return len(left) == len(right) and all(
        a == b or (a, b) in late or a == "?" or (a == "job=?" and b.startswith("job=")) for a, b in zip(left, right))


def gaps(trace):
    """What is firm, and what comes before each of it and at the end, by kind."""
    firm, between = [], [{"unit": [], "is": [], "job": []}]
    for item, kind in trace:
        if kind:
            between[-1][kind].append(item)
        else:
            firm.append(item)
            between.append({"unit": [], "is": [], "job": []})
    return firm, between


def all_same(real, simulated):
    return len(real) == len(simulated) and all(map(same, real, simulated))


def is_part(real, simulated):
    rest = iter(simulated)
    return all(any(same(item, other) for other in rest) for item in real)


def matches(real, simulated):
    (firm, between), (other_firm, other_between) = gaps(real), gaps(simulated)
    return all_same(firm, other_firm) and all(
        all_same(a["job"], b["job"]) and is_part(a["unit"], b["unit"]) and is_part(a["is"], b["is"])
        for a, b in zip(between, other_between))


def align(real, simulated):
    """Pairs of items for people to read, None where one side has nothing; as few of these as can be."""
    rows, columns = len(real), len(simulated)
    cost = [[rows - i + columns - j for j in range(columns + 1)] for i in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            cost[i][j] = 1 + min(cost[i + 1][j], cost[i][j + 1])
            if same(real[i][0], simulated[j][0]):
                cost[i][j] = min(cost[i][j], cost[i + 1][j + 1])
    pairs, i, j = [], 0, 0
    while i < rows or j < columns:
        if i < rows and j < columns and same(real[i][0], simulated[j][0]) and cost[i][j] == cost[i + 1][j + 1]:
            pairs.append((real[i], simulated[j]))
            i, j = i + 1, j + 1
        elif j < columns and (i == rows or cost[i][j] == 1 + cost[i][j + 1]):
            pairs.append((None, simulated[j]))
            j += 1
        else:
            pairs.append((real[i], None))
            i += 1
    return pairs


def compare(real, simulated):
    """None, or both traces side by side for every unit where they differ in more than what may be left out."""
    shown = []
    for name in sorted(real.keys() | simulated.keys()):
        left, right = real.get(name, []), simulated.get(name, [])
        if matches(left, right):
            continue
        shown.append(f"{name}\n  {'real':<70} simulated")
        for pair in align(left, right):
            odd = pair[1] is None or (pair[0] is None and pair[1][1] not in ("unit", "is"))
            shown.append(f"{'!' if odd else ' '} {pair[0][0] if pair[0] else '':<70} {pair[1][0] if pair[1] else ''}".rstrip())
    return "\n".join(shown) or None
