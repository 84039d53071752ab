#!/usr/bin/env python3
"""./dev bench startup: from the start of lakebed.target to lakebed-online, on an initialised stack.

In turn, in one machine: as shipped; the same units with the vendors' own scripts in place of a direct java; and the reference's
order, in which each service waits until a poll every 5 s has found the last one healthy.
"""

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from machine import Machine, environment  # noqa: E402

ROUNDS = 3
# As in the compose file of the reference: what each waits for is the one before it.
COMPOSE_ORDER = ["postgres", "minio", "init-buckets", "redis", "zookeeper", "hive-metastore", "flink-jobmanager", "flink-taskmanager@1",
                 "flink-taskmanager@2", "flink-taskmanager@3", "flink-sql-gateway", "spark-history", "spark-connect"]
JOBS_BESIDE = ["init-catalogs", "spark-client"] # compose has these inside the services
JOBS_BEFORE = {"postgres": ["init-postgres"], "hive-metastore": ["init-databases", "init-metastore"]}


def unit(name):
    return f"lakebed-{name}.service"


def stop(machine):
    machine.run("systemctl", "stop", "lakebed-online.target", "lakebed-wait-online.service", "lakebed.target", timeout=300)


def start(machine):
    """Seconds, measured inside, and what lakebed says of that start."""
    stop(machine)
    time.sleep(2)
    took = machine.out("bash", "-c", "s=$EPOCHREALTIME; systemctl start lakebed.target && systemctl start lakebed-online.target || exit 1; "
                                     "e=$EPOCHREALTIME; echo $(( ${e/./} - ${s/./} ))", timeout=300)
    told, _ = machine.lakebed_json("status", "--startup")
    return int(took) / 1e6, told


def homes(machine):
    return {name: machine.out("bash", "-c", f"echo /opt/lakebed/store/{name}-*").split()[0]
            for name in ("flink", "hadoop", "iceberg-aws", "spark", "jre17")}


def use_vendor_scripts(machine):
    """Drop-ins that start the same services, with the same configuration, as their vendors do."""
    home = homes(machine)
    opens = next(line for line in machine.out("cat", f"{home['flink']}/conf/config.yaml").splitlines() if "add-exports" in line).split("all:")[1].strip()
    flink = ["UnsetEnvironment=CLASSPATH FLINK_LIB_DIR", f"Environment=JAVA_HOME={home['jre17']} FLINK_HOME={home['flink']} "
             f"FLINK_LOG_DIR=/var/tmp FLINK_PID_DIR=/var/tmp FLINK_CONF_FILE=config.yaml",
             f"Environment=HADOOP_CLASSPATH={home['hadoop']}/*:{home['iceberg-aws']}/*", f'Environment="FLINK_ENV_JAVA_OPTS={opens}"']
    spark = ["UnsetEnvironment=CLASSPATH", f"Environment=JAVA_HOME={home['jre17']} SPARK_DIST_CLASSPATH={home['hadoop']}/hadoop-aws-3.3.4.jar:"
             f"{home['hadoop']}/aws-java-sdk-bundle-1.12.262.jar:{home['iceberg-aws']}/iceberg-aws-bundle-1.8.1.jar"]
    scripts = {
        "zookeeper": (flink + ["Environment=FLINK_CONF_DIR=/run/lakebed/zookeeper"], f"{home['flink']}/bin/zookeeper.sh start-foreground 1"),
        "flink-jobmanager": (flink, f"{home['flink']}/bin/jobmanager.sh start-foreground"),
        "flink-taskmanager@": (flink, f"{home['flink']}/bin/taskmanager.sh start-foreground -Dtaskmanager.resource-id=tm-%i"),
        "flink-sql-gateway": (flink, f"{home['flink']}/bin/sql-gateway.sh start-foreground"),
        "spark-history": (spark, f"{home['spark']}/bin/spark-class org.apache.spark.deploy.history.HistoryServer "
                                 "--properties-file /run/lakebed/spark-history/spark-defaults.conf"),
        "spark-connect": (spark, f"{home['spark']}/bin/spark-submit --properties-file /run/lakebed/spark-connect/spark-defaults.conf "
                                 "--class org.apache.spark.sql.connect.service.SparkConnectServer --name spark-connect spark-internal"),
    }
    for name, (lines, command) in scripts.items():
        extra = []
        if name == "zookeeper": # its script wants zoo.cfg and a config.yaml in one directory
            config = machine.out("bash", "-c", "echo /var/lib/lakebed/config/zookeeper-*").split()[-1]
            extra = [f"ExecStartPre=/bin/sh -c 'cp {config}/zoo.cfg /run/lakebed/zookeeper/ && cp {home['flink']}/conf/log4j-console.properties "
                     f"{home['flink']}/conf/config.yaml /run/lakebed/zookeeper/'"]
        text = "\n".join(["[Service]", *lines, *extra, "ExecStart=", f"ExecStart={command}", ""])
        directory = f"/etc/systemd/system/lakebed-{name}.service.d"
        machine.run("mkdir", "-p", directory)
        machine.run("tee", f"{directory}/vendor.conf", input=text)
    machine.run("systemctl", "daemon-reload")
    return [f"/etc/systemd/system/lakebed-{name}.service.d" for name in scripts]


def compose_order(machine):
    """One after the other, looked at every 5 s; lakebedd starts nothing while its target is down."""
    stop(machine)
    machine.run("systemctl", "start", *[unit(job) for job in JOBS_BESIDE])
    began = time.monotonic()
    for name in COMPOSE_ORDER:
        for job in JOBS_BEFORE.get(name, []):
            machine.run("systemctl", "start", unit(job))
        machine.run("systemctl", "start", "--no-block", unit(name))
        while machine.active(unit(name)) != "active":
            time.sleep(5)
            if time.monotonic() - began > 600:
                raise SystemExit(f"{name} is not ready in the reference's order")
    return time.monotonic() - began


def main():
    deb = Path(environment("LAKEBED_DEB"))
    machine = Machine("lb-startup", [(environment("LAKEBED_DEPOT"), "/var/lib/lakebed/depot"), (deb.parent, "/mnt/deb")])
    try:
        machine.run("apt-get", "install", "-y", "-qq", f"/mnt/deb/{deb.name}")
        machine.run("tee", "/etc/lakebed/conf.d/10-bench.toml", input="[spark-connect]\nfence = 'none'\n")
        machine.run("lakebed", "up", "--offline", timeout=600)
        machine.run("lakebed", "wait", "--timeout", "300", timeout=320)
        machine.sh("systemctl stop lakebed-class-archives.service; rm -f /var/cache/lakebed/cds/*.jsa")
        cold = start(machine)[0]
        machine.run("systemctl", "start", "lakebed-class-archives.service", timeout=900)
        shipped = [start(machine) for _ in range(ROUNDS)]
        directories = use_vendor_scripts(machine)
        vendor = [start(machine)[0] for _ in range(ROUNDS - 1)]
        machine.run("rm", "-r", *directories)
        machine.run("systemctl", "daemon-reload")
        shipped += [start(machine)]
        compose = compose_order(machine)
    finally:
        machine.down()
    shipped.sort(key=lambda round: round[0])
    middle = shipped[(len(shipped) - 1) // 2]
    for service in middle[1]["services"]:
        print(f"{service['name']:22} {service['queued_s']:7.2f} {service['started_s']:7.2f} {service['ready_s']:7.2f}"
              f"{'  critical' if service['critical'] else ''}", file=sys.stderr)
    figures = {"start_s": round(middle[0], 2), "vendor_scripts_s": round(min(vendor), 2),
               "critical_path_s": round(middle[1]["critical_path_s"], 2), "ratio": round(middle[0] / min(vendor), 3),
               "compose_order_s": round(compose, 1), "without_archives_s": round(cold, 2)}
    print(f"rounds: shipped {[round(r[0], 2) for r in shipped]}, vendors' scripts {[round(v, 2) for v in vendor]}", file=sys.stderr)
    if "--json" in sys.argv:
        print(json.dumps(figures))
    else:
        for key, value in figures.items():
            print(f"{key:18} {value}")


main()
