"""The prompt editor in a real browser: nothing that was typed is ever lost, and two people never overwrite each other."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browser import AppServer, press, visit, wait_idle, widget

from workbench.prompts.content import load_prompt


def area(page: Page, index: int = 0) -> Locator:
    """The text area of a message."""
    return widget(page, f"prompt_message_{index}").locator("textarea")


def saved_text(app: AppServer, name: str, index: int = 0) -> str:
    """What the prompt's file says."""
    return load_prompt(app.root / "prompts" / f"{name}.prompt.yml").messages[index].content


def new_prompt(page: Page, app: AppServer, name: str) -> None:
    """Make a prompt and wait for its editor."""
    visit(page, app.link("prompts"))
    page.get_by_role("button", name="New prompt").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(area(page)).to_be_visible()
    wait_idle(page)


def test_what_is_typed_fast_and_saved_with_the_keyboard_is_whole(app: AppServer, page: Page) -> None:
    new_prompt(page, app, "typed-fast")
    text = "Summarise {{text}} in three sentences, kindly — naïve café ünïcode, $5 * _x_ <b>.\nSecond line. " * 4
    area(page).click()
    for piece in re.findall(r".{1,7}", text, re.S):
        page.keyboard.type(piece)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Version 1 by Ada Test")).to_be_visible()
    assert saved_text(app, "typed-fast") == text

    more = "And what was typed while it was being saved."
    page.keyboard.type(more, delay=15)
    page.keyboard.press("Control+s")
    page.keyboard.type(" Also this.", delay=15)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Version 3 by Ada Test")).to_be_visible()
    expect(area(page)).to_have_value(text + more + " Also this.")
    assert saved_text(app, "typed-fast") == text + more + " Also this."


@pytest.mark.parametrize("pause_ms", [0, 30, 250, 420, 600])
def test_a_reload_at_any_moment_keeps_every_character(app: AppServer, page: Page, pause_ms: int) -> None:
    name = f"reloaded-{pause_ms}"
    new_prompt(page, app, name)
    area(page).click()
    page.keyboard.type("First words, ", delay=5)
    page.wait_for_timeout(550)
    page.keyboard.type("then more, and then the page is loaded again", delay=5)
    page.wait_for_timeout(pause_ms)
    page.reload()
    expect(area(page)).to_have_value("First words, then more, and then the page is loaded again")
    wait_idle(page)
    page.reload()
    wait_idle(page)
    expect(area(page)).to_have_value("First words, then more, and then the page is loaded again")
    expect(page.get_by_text(re.compile("unsaved edits"))).to_be_visible()


def test_a_closed_tab_loses_nothing(app: AppServer, new_page: Callable[..., Page]) -> None:
    first = new_page()
    new_prompt(first, app, "closed")
    area(first).click()
    first.keyboard.type("Typed, and the tab is closed at once")
    context = first.context
    first.close()
    second = context.new_page()
    visit(second, app.link("prompts", prompt="closed"))
    expect(area(second)).to_have_value("Typed, and the tab is closed at once")


def test_ctrl_s_in_any_field_saves_what_stands_there(app: AppServer, page: Page) -> None:
    new_prompt(page, app, "fields")
    area(page).fill("Answer {{question}}")
    why = page.get_by_placeholder("What changed, and why")
    why.click()
    page.keyboard.type("First words")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Version 1 by Ada Test")).to_be_visible()
    widget(page, "prompt_description").locator("input").click()
    page.keyboard.type("Answers questions")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Version 2 by Ada Test")).to_be_visible()
    assert load_prompt(app.root / "prompts" / "fields.prompt.yml").description == "Answers questions"
    visit(page, app.link("prompts", prompt="fields", tab="versions", version=1))
    expect(widget(page, "prompt_version_1").get_by_text("First words")).to_be_visible()
