"""The simulated systemd behaves as the real one: the same scenarios on both, with the same engine, give the same traces.

KEEP=1 leaves the machine, RECORDINGS=DIR both sides' recordings.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]
from machine import SOURCE, Machine, environment  # noqa: E402
from unit_trace import compare, traces  # noqa: E402

SCENARIOS = tomllib.loads((HERE / "scenarios.toml").read_text())["scenario"]
RECORDING = "/var/lib/lakebed/supervisor/recording.jsonl"


@pytest.fixture(scope="module")
def machine():
    lakebedd = environment("LAKEBEDD")
    it = Machine("conf", [(os.path.dirname(lakebedd), "/usr/libexec/lakebed"), (SOURCE / "units/static", "/mnt/units"), (HERE, "/opt/conformance")])
    it.sh("cp /mnt/units/*.service /mnt/units/*.target /mnt/units/*.slice /etc/systemd/system/ && "
          "cp /mnt/units/*.conf /usr/share/dbus-1/system.d/ && groupadd --system lakebed && systemctl reload dbus && "
          "mkdir -p /var/lib/lakebed/current && cp /opt/conformance/graph.toml /var/lib/lakebed/current/ && "
          "python3 /opt/conformance/player.py --prepare")
    yield it
    if not os.environ.get("KEEP"):
        it.down()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    directory = tmp_path_factory.mktemp("simulated")
    played = subprocess.run([environment("CONFORMANCE_PLAY"), HERE, directory], capture_output=True, text=True)
    (directory / "errors").write_text(played.stderr)
    return directory


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_both_machines_tell_the_same(machine, simulated, tmp_path, scenario):
    machine.run("python3", "/opt/conformance/player.py", *scenario["steps"])
    real = machine.out("cat", RECORDING) + "\n"
    imitated = (simulated / f"{scenario['name']}.jsonl").read_text()
    for where, text in [("real", real), ("simulated", imitated)]:
        path = tmp_path / f"{where}.jsonl"
        path.write_text(text)
        if keep := os.environ.get("RECORDINGS"):
            shutil.copy(path, Path(keep) / f"{scenario['name']}.{where}.jsonl")
        replayed = subprocess.run([environment("LAKEBED_SIM"), "--replay", path], capture_output=True, text=True)
        assert replayed.returncode == 0, replayed.stderr
    difference = compare(traces(real), traces(imitated))
    assert difference is None, f"\n{(simulated / 'errors').read_text()}\n{difference}"
    assert f"{scenario['name']}:" not in (simulated / "errors").read_text()
