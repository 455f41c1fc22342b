"""The Compare page in a real browser: cases are walked through, and every address leads back to what it showed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from support.browser import AppServer, press, visit, wait_idle, widget

from workbench.workspace import Workspace

SUITE = "support-triage"


@pytest.fixture(scope="module")
def run_id(app: AppServer) -> Iterator[str]:
    """A run of the sample suite: the version in production against the newest."""
    ws = Workspace.open(app.root)
    record = ws.runs.follow(ws.runs.start(SUITE).id)
    assert record.status == "complete", record.message
    yield record.id
    ws.close()


def cases(page: Page) -> list[str]:
    """The ids of the cases that are listed."""
    texts = widget(page, "compare_list").locator("[role=radiogroup] label").all_inner_texts()
    return [match[1] for text in texts if (match := re.search(r"([a-z][\w-]+)\s+\S+ → ", text))]


def test_cases_are_walked_through_with_the_keyboard_and_a_reload_shows_the_same(
    app: AppServer, page: Page, run_id: str
) -> None:
    visit(page, app.link("compare"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{SUITE}@4 is better than {SUITE}@2")
    widget(page, "compare_show").get_by_text(re.compile("^Better")).click()
    wait_idle(page)
    listed = cases(page)
    assert len(listed) > 5

    widget(page, "compare_list").get_by_text(" → ").first.click()
    wait_idle(page)
    for expected in listed[1:4]:
        page.keyboard.press("ArrowDown")
        wait_idle(page)
        assert f"case={expected}" in page.url
        expect(page.get_by_role("group", name=f"Case {expected}", exact=True)).to_be_visible()

    address = page.url
    page.reload()
    wait_idle(page)
    assert page.url == address
    expect(page.get_by_role("group", name=f"Case {listed[3]}", exact=True)).to_be_visible()
    assert cases(page) == listed


def test_going_back_undoes_a_choice(app: AppServer, page: Page, run_id: str) -> None:
    visit(page, app.link("compare", a=f"{run_id}:{SUITE}@2", b=f"{run_id}:{SUITE}@4"))
    press(page, "compare_swap")
    verdict = page.get_by_role("heading", level=1)
    expect(verdict).to_contain_text(f"{SUITE}@2 is worse than {SUITE}@4")
    page.get_by_role("tab", name="Slices").click()
    wait_idle(page)
    assert "view=slices" in page.url
    page.go_back()
    wait_idle(page)
    expect(page.get_by_role("tab", name="What broke")).to_have_attribute("aria-selected", "true")
    page.go_back()
    wait_idle(page)
    expect(verdict).to_contain_text(f"{SUITE}@4 is better than {SUITE}@2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024])
def test_every_view_fits_and_shows_no_fault(
    app: AppServer, new_page: Callable[..., Page], run_id: str, scheme: str, width: int
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    for view in ("cases", "slices", "charts", "prompts"):
        visit(page, app.link("compare", a=f"{run_id}:{SUITE}@2", b=f"{run_id}:{SUITE}@4", view=view))
        expect(page.get_by_role("heading", level=1)).to_contain_text("is better than")
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, f"{view} scrolls sideways by {too_wide} px"
