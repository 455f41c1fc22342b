"""The real app in a real browser, for every test in this folder.

``app`` is one server and one fresh workspace for each test file; ``fresh_app`` is one for a single test;
``empty_app`` has no prompts. ``page`` is a new browser window that fails the test on any fault it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_path import browser_path
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from support.browser import FLAGS, AppServer, Faults, copy_samples, start_app

SIZE = {"width": 1440, "height": 900}
# A busy machine may take long to draw a page; what is there at once is not waited for.
expect.set_options(timeout=20_000)


def _serve(folder: Path, *, samples: bool) -> Iterator[AppServer]:
    root = folder / "workspace"
    root.mkdir()
    if samples:
        copy_samples(root)
    else:
        (root / "prompts").mkdir()
    server = start_app(root, log=folder / "server.log")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app on a copy of the samples, shared by the tests of one file."""
    yield from _serve(tmp_path_factory.mktemp("app"), samples=True)


@pytest.fixture
def fresh_app(tmp_path: Path) -> Iterator[AppServer]:
    """The app on a copy of the samples, for one test."""
    yield from _serve(tmp_path, samples=True)


@pytest.fixture
def empty_app(tmp_path: Path) -> Iterator[AppServer]:
    """The app on a workspace that has nothing in it."""
    yield from _serve(tmp_path, samples=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for the tests of a file: while it is open, an event loop runs in this thread."""
    path = browser_path()
    if path is None:
        pytest.skip("no Chromium was found: install the packages chromium and chromium-driver")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def faults() -> Faults:
    """What went wrong in the browser; a test that expects a fault removes it from ``found``."""
    return Faults()


@pytest.fixture
def new_page(browser: Browser, faults: Faults) -> Iterator[Callable[..., Page]]:
    """Open more windows, each a person of their own: ``new_page(color_scheme="dark")``."""
    contexts: list[BrowserContext] = []

    def make(**options: object) -> Page:
        context = browser.new_context(**{"viewport": SIZE, "locale": "en-GB", **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        faults.watch(page)
        return page

    yield make
    for context in contexts:
        for page in context.pages:
            faults.look_at(page)
        context.close()
    assert not faults.found, "\n".join(faults.found)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One window of 1440 × 900."""
    return new_page()


@pytest.fixture
def dark_page(new_page: Callable[..., Page]) -> Page:
    """One window for a person who prefers dark."""
    return new_page(color_scheme="dark")


@pytest.fixture(autouse=True)
def _no_traceback_in_the_log(request: pytest.FixtureRequest) -> Iterator[None]:
    names = [name for name in ("app", "fresh_app", "empty_app") if name in request.fixturenames]
    # They are asked for now: a server of one test is gone when this ends.
    servers = [request.getfixturevalue(name) for name in names]
    yield
    for server in servers:
        log = server.log.read_text(errors="replace")
        assert "Traceback" not in log, log[-4000:]
