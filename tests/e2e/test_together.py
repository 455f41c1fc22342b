"""Two tabs and a command line at work on one workspace at once: nothing is locked, nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from playwright.sync_api import Page, expect
from support.browser import AppServer, visit, wait_idle, widget

from workbench.prompts.folder import PromptFolder

SAVES = 3


def _save(page: Page, text: str, number: int) -> None:
    """Type at the end of the first message and save it as version ``number``."""
    area = widget(page, "prompt_message_0").locator("textarea")
    area.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text, delay=2)
    page.keyboard.press("Control+s")
    expect(page.get_by_text(f"Version {number} by Ada Test")).to_be_visible(timeout=60_000)


def test_two_tabs_save_and_run_while_the_command_line_runs_too(
    fresh_app: AppServer, new_page: Callable[..., Page]
) -> None:
    command = [sys.executable, "-m", "workbench", "run", "order-extraction", "--no-cache", "--json", "-"]
    lines = [
        subprocess.Popen(command, cwd=fresh_app.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    left, right = new_page(), new_page()
    visit(left, fresh_app.link("prompts", prompt="support-triage"))
    visit(right, fresh_app.link("prompts", prompt="meeting-summary"))
    for number in range(1, SAVES + 1):
        _save(left, f" left {number}", 4 + number)
        _save(right, f" right {number}", 4 + number)
    visit(right, fresh_app.link("runs", suite="support-triage"))
    widget(right, "run_start").locator("button").click()
    expect(widget(right, "run_bar")).to_contain_text("complete", timeout=120_000)

    for line in lines:
        output, errors = line.communicate(timeout=120)
        assert line.returncode == 0, errors.decode()
        report = json.loads(output)
        assert (report["status"], report["cells"]["errors"]) == ("complete", 0)
        assert report["cells"]["done"] == report["cells"]["planned"]
    visit(left, fresh_app.link("runs"))
    expect(left.get_by_text("complete")).to_have_count(3)
    state = PromptFolder(fresh_app.root / "prompts").scan()
    assert not state.problems
    for name, word in (("support-triage", "left"), ("meeting-summary", "right")):
        texts = [v.prompt.messages[0].content for v in state.prompts[name].versions[-SAVES:]]
        assert [f"{word} {n}" in text for n, text in enumerate(texts, 1)] == [True] * SAVES
        assert all(text.endswith(f"{word} {n}") for n, text in enumerate(texts, 1))
    wait_idle(left)
