"""The app in a real browser: starting it, waiting until it rests, taking pictures, noticing faults."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request

from support.samples import REPO, copy_samples

__all__ = [
    "AppServer",
    "Faults",
    "copy_samples",
    "fill",
    "picture",
    "press",
    "start_app",
    "visit",
    "wait_idle",
    "widget",
]
START_TIMEOUT_S = 60
IDLE_TIMEOUT_MS = 30_000
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Streamlit asks below the page's own path first, to find out where it is served.
PROBE = re.compile(r"/_stcore/(health|host-config)$")
#: What is said in the console by anything that the page shows for a moment and should not.
SHOWN = "[shown on the page]"

WATCH_JS = f"""
const look = () => {{
  for (const box of document.querySelectorAll('[data-testid="stException"]')) {{
    if (!box.dataset.noticed) {{
      box.dataset.noticed = "yes"
      console.error("{SHOWN} " + box.innerText.slice(0, 500))
    }}
  }}
}}
new MutationObserver(look).observe(document, {{ childList: true, subtree: true }})
"""

# The script may start a moment after a click, so it has to rest for a while.
IDLE_JS = """
(restMs) => new Promise(resolve => {
  let since = null
  const look = () => {
    const app = document.querySelector('[data-testid="stApp"]')
    const idle = app
      && app.dataset.testConnectionState === "CONNECTED"
      && app.dataset.testScriptState === "notRunning"
      && !document.querySelector('[data-stale="true"]')
    const now = performance.now()
    since = idle ? (since ?? now) : null
    if (since !== null && now - since >= restMs) resolve(true)
    else setTimeout(look, 25)
  }
  look()
})
"""


@dataclass
class AppServer:
    """A running app: its address, its workspace folder and what the server printed."""

    url: str
    root: Path
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def link(self, page: str, **params: object) -> str:
        """Return a page's address, as a person would share it."""
        query = urlencode({name: str(value) for name, value in params.items()})
        return f"{self.url}/{page}{'?' + query if query else ''}"

    def stop(self) -> None:
        """End the server."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_app(root: Path, *, log: Path, port: int | None = None, **variables: str) -> AppServer:
    """Start the app on a workspace, and wait until it answers.

    Args:
        root: The workspace folder.
        log: A file for what the server prints.
        port: Its port; a free one by default.
        variables: More environment variables.
    """
    port = port or free_port()
    hidden = {name for name in os.environ if name.endswith(("_API_KEY", "_DATABASE_URL"))}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"WORKBENCH_ROOT": str(root), "WORKBENCH_AUTHOR": "Ada Test", **variables}
    command = [sys.executable, "-m", "streamlit", "run", str(REPO / "app.py")]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--server.port", str(port), "--server.headless", "true"],
            cwd=REPO,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = AppServer(f"http://localhost:{port}", root, log, process)
    try:
        _wait_for_health(server)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_for_health(server: AppServer) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"The app did not start:\n{server.log.read_text(errors='replace')[-3000:]}")


def wait_idle(page: Page, *, rest_ms: int = 300, timeout_ms: int = IDLE_TIMEOUT_MS) -> None:
    """Wait until the page is connected and its script has finished and stays so for ``rest_ms``."""
    page.wait_for_selector('[data-testid="stApp"]', timeout=timeout_ms)
    page.evaluate(
        "([rest, limit, wait]) => Promise.race([eval(wait)(rest), new Promise((_, no) => "
        "setTimeout(() => no(new Error('the script did not come to rest')), limit))])",
        [rest_ms, timeout_ms, IDLE_JS],
    )


def visit(page: Page, url: str) -> None:
    """Open an address and wait until it is drawn."""
    page.goto(url)
    wait_idle(page)


def widget(page: Page, key: str) -> Locator:
    """Return what has this key."""
    return page.locator(f".st-key-{key}")


def press(page: Page, key: str) -> None:
    """Click the button or link with this key, and wait until the page rests."""
    widget(page, key).locator("button, a").first.click()
    wait_idle(page)


def fill(page: Page, key: str, text: str) -> None:
    """Type into the field with this key and leave it."""
    box = widget(page, key).locator("input, textarea").first
    box.fill(text)
    box.blur()
    wait_idle(page)


def picture(page: Page, path: Path | str, *, full: bool = False) -> Path:
    """Take a screenshot of the resting page."""
    wait_idle(page)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(path), full_page=full)
    return Path(path)


@dataclass
class Faults:
    """What went wrong in a browser while a test was looking: console errors, exceptions, calls to other hosts."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note every console error, uncaught exception and exception box of this page."""
        page.add_init_script(WATCH_JS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"uncaught in the page: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and not PROBE.search(where):
            self.found.append(f"console: {message.text} ({where})")

    def _request(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host not in (None, "", "localhost", "127.0.0.1"):
            self.found.append(f"the page asks another host: {request.url}")

    def look_at(self, page: Page) -> None:
        """Note a traceback that stands on the page now."""
        if not page.is_closed() and page.url.startswith("http") and "Traceback" in page.inner_text("body"):
            self.found.append(f"a traceback is shown at {page.url}")
