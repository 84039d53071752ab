"""The status page in a real browser (headless Chromium): without a script, live, by keyboard, in light and dark.

Arguments: the program page_tool, Chromium, and where pictures go (default: nowhere).
"""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Browser:
    """Speaks the DevTools protocol over the browser's pipe: JSON, each message ended by a zero byte."""

    def __init__(self, chromium, profile):
        commands, self._write = os.pipe()
        self._read, replies = os.pipe()

        def connect():
            saved = os.dup(commands), os.dup(replies)
            os.dup2(saved[0], 3)
            os.dup2(saved[1], 4)

        self._process = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=connect, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(replies)
        self._buffer, self._number, self.session, self.log = b"", 0, None, []
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._buffer:
                more = os.read(self._read, 1 << 20)
                assert more, "the browser has gone"
                self._buffer += more
            one, _, self._buffer = self._buffer.partition(b"\0")
            reply = json.loads(one)
            if reply.get("id") == self._number:
                assert "error" not in reply, reply
                return reply["result"]
            if reply.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                self.log.append(reply["params"])

    def value(self, expression):
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, expression, seconds=15):
        end = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.05)

    def press(self, key, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def show(self, scheme, width=1240, script=True):
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def picture(self, path, height=None):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]))

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
        finally:
            self._process.wait(20)


def check(browser, base, pictures):
    ground = "getComputedStyle(document.body).backgroundColor"
    rows = "document.querySelectorAll('#services tbody tr').length"
    browser.show("light", script=False)
    browser.call("Page.navigate", url=base)
    browser.until("document.readyState === 'complete' && " + rows + " === 19")
    assert browser.value("document.querySelectorAll('svg').length") == 2
    light = browser.value(ground)
    browser.show("dark", script=False)
    assert browser.value(ground) != light, "dark looks like light"

    browser.show("light")
    browser.call("Page.navigate", url=base)
    browser.until("document.readyState === 'complete' && document.getElementById('live').textContent === 'live'")
    # The server's sample changes every three seconds; the page follows without being loaded again.
    browser.value("window.mark = 1")
    browser.value("document.querySelector('#services a[href=\"#service-minio\"]').focus(); "
                  "document.getElementById('startup-numbers').open = true")
    for ready in (True, False):
        browser.until(f"document.getElementById('summary').textContent.includes('In trouble') !== {json.dumps(ready)}")
    assert browser.value("window.mark") == 1
    assert browser.value("document.activeElement.getAttribute('href')") == "#service-minio", "the change took the focus away"
    assert browser.value("document.getElementById('startup-numbers').open"), "the change closed what was open"
    assert browser.value("document.querySelectorAll('.box.bad').length") == 1

    browser.value("document.activeElement.blur(); window.getSelection().removeAllRanges(); scrollTo(0, 0)")
    browser.call("Page.navigate", url=base + "?keyboard")
    browser.until("location.search === '?keyboard' && document.readyState === 'complete'")
    browser.press("Tab", 9)
    assert browser.value("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(40):
        browser.press("Tab", 9)
        seen.add(browser.value("(e => e.getAttribute('href') || e.id)(document.activeElement)"))
    assert {"#service-flex", "#service-redis", "services"} <= seen, seen

    for width in (1240, 360):
        browser.show("light", width)
        assert browser.value("document.documentElement.scrollWidth") <= width, f"the page is wider than {width}"
    refused = [entry for entry in browser.log if "Security Policy" in json.dumps(entry) or "exceptionDetails" in entry]
    assert not refused, refused
    if pictures:
        for scheme in ("light", "dark"):
            browser.show(scheme)
            browser.call("Page.navigate", url=base)
            browser.until("document.readyState === 'complete'")
            browser.picture(pictures / f"{scheme}.png")
        browser.show("light", 360)
        browser.picture(pictures / "narrow.png")


def main():
    tool, chromium = sys.argv[1:3]
    pictures = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([tool, "serve", f"127.0.0.1:{port}"])
    try:
        with tempfile.TemporaryDirectory() as profile:
            browser = Browser(chromium, profile)
            try:
                check(browser, f"http://127.0.0.1:{port}/", pictures)
            finally:
                browser.close()
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
