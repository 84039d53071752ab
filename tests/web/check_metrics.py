"""The metrics, read by the parser of Prometheus's own Python client. Argument: the program page_tool."""

import json
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

STATES = {"waiting", "held", "starting", "ready", "degraded", "restarting", "backing_off", "slow_lane", "stopped_by_operator",
          "stopping", "stopped"}


def check(text):
    families = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in families, family.name
        assert family.documentation and family.type in ("gauge", "counter", "histogram", "summary"), family
        families[family.name] = family
    samples = [(s.name, tuple(sorted(s.labels.items()))) for f in families.values() for s in f.samples]
    assert len(samples) == len(set(samples)), "a series is there twice"

    state = {}
    for sample in families["lakebed_service_state"].samples:
        state.setdefault(sample.labels["service"], {})[sample.labels["state"]] = sample.value
    assert len(state) == 19 and 'odd "\\\nname' in state
    for service, values in state.items():
        assert set(values) == STATES and sum(values.values()) == 1, service
    assert state["flex"]["held"] == 1 and state["flink-jobmanager"]["backing_off"] == 1

    def value(family, **labels):
        found = [s.value for s in families[family].samples if labels.items() <= s.labels.items()]
        assert len(found) == 1, (family, labels, found)
        return found[0]

    assert value("lakebed_service_restarts", service="flink-jobmanager", cause="crash") == 2
    assert value("lakebed_service_restarts", service="minio", cause="none") == 0
    assert value("lakebed_service_backoff_seconds", service="flink-jobmanager") == 9
    assert value("lakebed_service_ready_seconds", service="flex") == 0
    assert value("lakebed_service_failures", service="flink-jobmanager") == 2
    assert value("lakebed_service_restart_budget", service="flink-jobmanager") == 5
    assert value("lakebed_service_restart_budget_spent", service="flink-jobmanager") == 2
    assert value("lakebed_stack_restart_budget") == 38 and value("lakebed_stack_restart_budget_spent") == 3
    probe = {s.name: s.value for s in families["lakebed_probe_seconds"].samples if s.labels == {"service": "flink-jobmanager", "probe": "liveness"}}
    assert families["lakebed_probe_seconds"].type == "summary"
    assert probe == {"lakebed_probe_seconds_sum": 5.003, "lakebed_probe_seconds_count": 2}, probe
    assert value("lakebed_probe_last_seconds", service="flink-jobmanager") == 5
    assert value("lakebed_probe_failures", service="flink-jobmanager") == 1 and value("lakebed_probe_failures", service="postgres") == 0
    assert abs(value("lakebed_startup_seconds", service="spark-connect", phase="own") - 11.6) < 1e-6
    assert value("lakebed_ready") == 0 and value("lakebed_generation") == 7
    buckets = [(float(s.labels["le"]), s.value) for s in families["lakebed_loop_turn_seconds"].samples if s.name.endswith("_bucket")]
    assert buckets == sorted(buckets) and [v for _, v in buckets] == sorted(v for _, v in buckets)
    assert buckets[-1] == (float("inf"), 16)
    return {s.name for f in families.values() for s in f.samples}


def check_names_in_use(shipped, known):
    """Alerts and dashboard ask for series that exist."""
    import re
    for path in shipped:
        text = path.read_text()
        if path.suffix == ".json":
            json.loads(text)
        used = set(re.findall(r"\b(?:lakebed|process)_[a-z_]+\b", re.sub(r'"(uid|title|description|tags)": .*', "", text)))
        assert used, path
        unknown = {name for name in used if name not in known}
        assert not unknown, f"{path.name} asks for {unknown}"


if __name__ == "__main__":
    printed = subprocess.run([sys.argv[1], "metrics"], check=True, stdout=subprocess.PIPE, text=True).stdout
    names = check(printed)
    monitoring = Path(__file__).resolve().parents[2] / "packaging/prometheus"
    shipped = [monitoring / "lakebed.rules.yml", monitoring / "lakebed-dashboard.json"]
    check_names_in_use(shipped, names)
    print(f"{len(names)} names are well")
