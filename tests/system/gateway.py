"""The REST interfaces of Flink, from outside the machine through forwarded ports."""

import json
import time
import urllib.error
import urllib.request

from machine import Failed, wait_until


def get(url, timeout=30):
    return json.load(urllib.request.urlopen(url, timeout=timeout))


class Gateway:
    """A session of the SQL Gateway (REST v2)."""

    def __init__(self, url):
        self.url = url
        self.session = self._call("POST", "/v2/sessions", {})["sessionHandle"]

    def _call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())
        try:
            return json.load(urllib.request.urlopen(request, timeout=120))
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            causes = [line for line in text.replace("\\n", "\n").splitlines() if "Caused by" in line]
            raise Failed(causes[-1] if causes else text[:2000]) from None

    def run(self, statement, timeout=240):
        """The rows of one statement; of an INSERT, its job's id."""
        deadline = time.monotonic() + timeout
        operation = self._call("POST", f"/v2/sessions/{self.session}/statements", {"statement": statement})["operationHandle"]
        path, rows = f"/v2/sessions/{self.session}/operations/{operation}/result/0?rowFormat=JSON", []
        while path:
            if time.monotonic() > deadline:
                raise Failed(f"no end within {timeout} s: {statement}")
            reply = self._call("GET", path)
            data = reply.get("results", {}).get("data", [])
            rows += [row["fields"] for row in data]
            if reply["resultType"] == "EOS":
                break
            path = reply.get("nextResultUri")
            if not data:
                time.sleep(0.2)
        return rows

    def run_all(self, *statements):
        rows = []
        for statement in statements:
            rows = self.run(statement)
        return rows


def job_state(rest, job):
    try:
        return get(f"{rest}/jobs/{job}")["state"]
    except (urllib.error.URLError, ConnectionError, TimeoutError, KeyError) as error:
        return f"unknown: {error}"


def wait_job(rest, job, state="RUNNING", timeout=180):
    wait_until(f"job {job} is {state}", lambda: job_state(rest, job) == state, timeout, 0.5)


def wait_checkpoint(rest, job, more_than=0, timeout=120):
    def completed():
        try:
            return get(f"{rest}/jobs/{job}/checkpoints")["counts"]["completed"] > more_than
        except (urllib.error.URLError, ConnectionError, TimeoutError, KeyError):
            return False
    wait_until(f"job {job} has completed a checkpoint", completed, timeout, 0.5)
