"""The HTML page: one file, nothing from outside, nothing in it runs but its own script, legible to anyone."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from browser_path import browser_path
from support.hostile_run import CASES

from workbench.reports.content import Content, Options
from workbench.reports.page import to_html

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """Reads a page strictly: every tag closed in order; keeps tags, attributes and text apart."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.setdefault(self._open[-1] if self._open else "", []).append(data)


@pytest.fixture(scope="module")
def page(hostile: Content) -> str:
    return to_html(hostile, Options())


def test_hostile_text_is_text(page: str):
    read = Page(page)
    assert read.tags.count("script") == read.tags.count("style") == 1
    assert not set(read.tags) & {
        "img",
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "form",
        "a",
        "b",
        "i",
        "textarea",
    }
    assert not [
        name for _, name, _ in read.attributes if name.startswith("on") or name in ("style", "src", "href")
    ]
    shown = "".join(read.text["pre"])
    assert "<script>alert(1)</script>" in shown and "<svg onload=alert(1)>" in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page)
    own = re.sub(r'http://evil[^"&]*', "", page)
    assert "@font-face" not in own and not re.search(r"(?<![\w.])(?:https?:)?//[a-z]", own)


def test_only_its_own_style_and_script_are_allowed(page: str):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        source = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_every_case_has_a_row_and_a_page_stays_small(page: str, hostile: Content):
    assert page.count('<tr class="case">') == len(CASES)
    assert len(page) < 400_000, "an output of a megabyte is cut"
    assert "the first 20,000 of 1,000,000 characters" in page
    few = to_html(hostile, Options(max_cases=3))
    assert few.count('<tr class="case">') == 3 and "7 more are in CSV" in few


def test_a_page_can_leave_the_models_words_out(hostile: Content):
    quiet = to_html(hostile, Options(outputs=False))
    read = Page(quiet)
    assert "HYPERLINK" not in quiet and "onload" not in quiet and "xxxx" not in quiet
    assert quiet.count('<tr class="case">') == len(CASES) and "svg" in read.tags


def test_intervals_and_n_stand_in_tables_and_charts(page: str):
    titles = Page(page).text["title"]
    assert sum("n = " in title for title in titles) >= 5
    assert any("95 % interval" in title for title in titles)


@pytest.mark.skipif(browser_path() is None, reason="there is no Chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_it_asks_for_nothing_sorts_and_filters(page: str, tmp_path, scheme):
    from playwright.sync_api import sync_playwright

    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path())
        tab = browser.new_context(color_scheme=scheme, viewport={"width": 1000, "height": 800}).new_page()
        said, asked = [], []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda fault: said.append(str(fault)))
        tab.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(file.as_uri())

        heads, rows = tab.locator("#cases thead button"), tab.locator("#cases tbody:visible tr.case")
        assert rows.count() == len(CASES)
        heads.first.click()
        names = rows.locator("td:first-child").all_inner_texts()
        heads.first.click()
        assert rows.locator("td:first-child").all_inner_texts() == names[::-1] != names
        tab.fill("#search", "right 4")
        assert rows.count() == 1
        answer = tab.locator("#cases tr.more:visible")
        assert answer.count() == 0
        rows.first.locator("button").press("Enter")
        assert answer.count() == 1 and "right 4" in answer.inner_text()
        tab.fill("#search", "")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 1000

        ground, ink = (
            tab.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color")
        )
        light = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ground, ink)]
        assert (light[0] > 600 > light[1]) if scheme == "light" else (light[0] < 160 < light[1])
        assert said == [] and asked == [file.as_uri()]
        browser.close()
