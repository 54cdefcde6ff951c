"""Chromium without a window, spoken to over a pipe: what a page really does when it is opened from disk.

For the tests of pages and for the pictures in the docs. No package is needed, only the browser itself.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60.0


def find_browser() -> str | None:
    """The browser's program, where there is one; ``TEPAT_BROWSER`` names another."""
    said = os.environ.get("TEPAT_BROWSER")
    return said or next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """One tab; requests, failures and messages of the console are kept."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive, self._rest, self._n = send, receive, b"", 0
        self.session: str | None = None
        self.requests: list[str] = []
        self.failed: list[str] = []
        self.console: list[str] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._n += 1
        message: dict[str, Any] = {"id": self._n, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._n:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found
            self._note(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._receive, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has gone")
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Network.loadingFailed":
            self.failed.append(str(params.get("errorText")))
        elif method == "Runtime.exceptionThrown":
            self.console.append(str(params["exceptionDetails"].get("text")))
        elif method == "Runtime.consoleAPICalled" and params.get("type") in ("error", "warning"):
            self.console.append(str(params.get("args")))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.console.append(str(params["entry"]["text"]))

    def open(self, path: Path, *, width: int = 1200, dark: bool = False, media: str = "screen") -> None:
        """Open a file from disk at a width, without a network."""
        self.requests, self.failed, self.console = [], [], []
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=path.resolve().as_uri())
        deadline = time.monotonic() + PATIENCE
        while self.run("document.readyState + location.href") != "complete" + path.resolve().as_uri():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{path} did not open")
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """The value of a script; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"].get("exception", {}).get("description")))
        return answer["result"].get("value")

    def picture(self, *, width: int, height: int | None = None, top: int = 0) -> bytes:
        """The page as PNG, from ``top`` on; whole where no height is given."""
        full = int(self.run("document.documentElement.scrollHeight"))
        clip = {"x": 0, "y": top, "width": width, "height": height or full - top, "scale": 1}
        answer = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


@contextmanager
def browser(program: str) -> Iterator[Tab]:
    """A tab of a fresh browser with a profile of its own, gone at the end."""
    with TemporaryDirectory(prefix="tepat-browser-", ignore_cleanup_errors=True) as profile:
        from_us, to_them = os.pipe()
        from_them, to_us = os.pipe()

        def hand_over() -> None:
            # by way of high numbers: one of the pipes may itself be number 3 or 4
            for number, pipe in ((63, from_us), (64, to_us)):
                os.dup2(pipe, number)
            os.dup2(63, 3)
            os.dup2(64, 4)

        process = subprocess.Popen(
            [
                program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--disable-component-update", "--no-first-run", "--hide-scrollbars", f"--user-data-dir={profile}",
                "--remote-debugging-pipe", "about:blank",
            ],
            preexec_fn=hand_over, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,  # noqa: PLW1509
        )  # fmt: skip
        os.close(from_us)
        os.close(to_us)
        tab = Tab(to_them, from_them)
        try:
            target = tab.call("Target.createTarget", url="about:blank")["targetId"]
            tab.session = tab.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                tab.call(f"{domain}.enable")
            tab.call(
                "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
            )
            yield tab
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(to_them)
            os.close(from_them)
