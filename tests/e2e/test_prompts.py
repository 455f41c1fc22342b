"""The prompt editor in a real browser: nothing typed is ever lost, and two people never overwrite each other."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browser import AppServer, press, visit, wait_idle, widget

from workbench.prompts.prompt_file import load_prompt


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
    text = (
        "Summarise {{text}} in three sentences, kindly — naïve café ünïcode, $5 * _x_ <b>.\nSecond line. " * 4
    )
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


def test_two_tabs_see_each_others_edits_and_neither_overwrites(
    app: AppServer, new_page: Callable[..., Page]
) -> None:
    first, second = new_page(), new_page()
    new_prompt(first, app, "shared")
    area(first).fill("Both of us edit this.")
    first.keyboard.press("Control+s")
    expect(first.get_by_text("Version 1 by Ada Test")).to_be_visible()
    visit(second, app.link("prompts", prompt="shared"))

    area(first).click()
    first.keyboard.press("Control+End")
    first.keyboard.type(" The first.")
    expect(first.get_by_text("unsaved edits")).to_be_visible()
    area(second).click()
    second.keyboard.press("Control+End")
    second.keyboard.type(" The second.")
    expect(second.get_by_text("Another tab has changed these edits")).to_be_visible()
    expect(area(second)).to_have_value("Both of us edit this. The second.")

    second.keyboard.press("Control+s")
    expect(second.get_by_text("Version 2 by Ada Test")).to_be_visible()
    assert saved_text(app, "shared") == "Both of us edit this. The second."
    area(first).click()
    first.keyboard.type("!")
    expect(first.get_by_text("Version 2 was saved by Ada Test")).to_be_visible()
    expect(area(first)).to_have_value("Both of us edit this. The first.!")
    press(first, "prompt_save")
    assert saved_text(app, "shared") == "Both of us edit this. The second."
    press(first, "prompt_rebase")
    press(first, "prompt_save")
    expect(first.get_by_text("Version 3 by Ada Test")).to_be_visible()
    assert saved_text(app, "shared") == "Both of us edit this. The first.!"


def test_links_lead_to_the_same_view_for_everybody(app: AppServer, page: Page) -> None:
    visit(page, app.link("prompts"))
    page.get_by_role("link", name="support-triage").click()
    expect(page).to_have_url(re.compile("prompt=support-triage"))
    page.get_by_text("Versions", exact=True).click()
    press(page, "prompt_open_version_2")
    expect(page).to_have_url(re.compile("tab=versions"))
    expect(page).to_have_url(re.compile("version=2"))
    page.reload()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    page.get_by_text("What changed", exact=True).click()
    expect(page.locator("ins").first).to_be_visible()
    # The view is drawn before the browser has its link; going back before that would leave the page.
    expect(page).to_have_url(re.compile("tab=diff"))
    page.go_back()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    visit(page, app.link("prompts", prompt="support-triage", tab="diff", a=1, b=3))
    expect(page.locator("del").first).to_be_visible()
    expect(widget(page, "prompt_diff_a").locator("input")).to_have_value(re.compile("^version 1"))


def test_the_preview_follows_the_values_and_survives_a_reload(app: AppServer, page: Page) -> None:
    visit(page, app.link("prompts", prompt="support-triage"))
    value = widget(page, "prompt_value_0").locator("textarea")
    value.fill("My tent is <b>torn</b> & {{late}}")
    shown = widget(page, "prompt_rendered_1")
    expect(shown).to_contain_text("My tent is <b>torn</b> & {{late}}")
    page.reload()
    wait_idle(page)
    expect(shown).to_contain_text("My tent is <b>torn</b> & {{late}}")
    widget(page, "prompt_case").locator("input").click()
    page.get_by_role("option").nth(1).click()
    wait_idle(page)
    expect(shown).not_to_contain_text("torn")
    assert len(value.input_value()) > 10


def test_messages_keep_their_text_while_they_are_moved(app: AppServer, page: Page) -> None:
    new_prompt(page, app, "moved")
    area(page).fill("The first")
    press(page, "prompt_add_message")
    area(page, 1).fill("The second")
    press(page, "prompt_arrow_upward_1")
    expect(area(page, 0)).to_have_value("The second")
    expect(area(page, 1)).to_have_value("The first")
    press(page, "prompt_delete_0")
    expect(area(page, 0)).to_have_value("The first")
    press(page, "prompt_undelete")
    expect(area(page, 0)).to_have_value("The second")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Version 1 by Ada Test")).to_be_visible()
    assert [saved_text(app, "moved", index) for index in (0, 1)] == ["The second", "The first"]
