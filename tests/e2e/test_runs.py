"""A run from the browser's side: started, watched, cancelled, resumed, read, and shared by its link."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import yaml
from playwright.sync_api import Page, expect
from support.browser import AppServer, press, visit, wait_idle, widget
from support.openai_server import OpenAIServer

CASES = 40
LOADING_MS = 90_000


def _slow_suite(root: Path, server: OpenAIServer) -> None:
    """Write a suite on the sample prompt whose model takes its time."""
    folder = root / "evals" / "slow"
    folder.mkdir()
    suite = {
        "description": "Takes its time",
        "prompts": ["support-triage@3", "support-triage@4"],
        "models": [{"id": "openai/test-model", "api_base": server.base_url}],
        "cases": [
            {"id": f"case-{n:02}", "vars": {"message": f"<b>parcel</b> {n}"}, "expected": "delivery"}
            for n in range(CASES)
        ],
        "scorers": [{"type": "exact", "name": "accuracy"}],
        "concurrency": 2,
    }
    (folder / "suite.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")


def test_a_run_is_watched_cancelled_resumed_and_read_and_its_links_open_elsewhere(
    fresh_app: AppServer, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    with OpenAIServer(answer=lambda body: "delivery", delay_s=0.25) as server:
        _slow_suite(fresh_app.root, server)
        visit(page, fresh_app.link("suites", suite="slow"))
        press(page, "suite_run")
        expect(widget(page, "run_plan")).to_contain_text(f"{CASES} cases × 2 versions × 1 model × 1 repeat")

        widget(page, "run_start").locator("button").click()
        progress = widget(page, "run_progress")
        # The first answer takes a while, for the provider's library is loaded first.
        expect(progress).to_contain_text(re.compile(rf"[1-9]\d* of {2 * CASES}"), timeout=LOADING_MS)
        expect(progress).to_contain_text("left")  # when it will be done
        run_link = page.url
        assert "run=" in run_link
        expect(widget(page, "run_resume")).to_have_count(0)

        page.reload()  # F5 finds the same run
        expect(progress).to_contain_text(re.compile(rf"[1-9]\d* of {2 * CASES}"))
        widget(page, "run_cancel").locator("button").click()
        expect(widget(page, "run_bar")).to_contain_text("cancelled", timeout=LOADING_MS)
        expect(page.get_by_text(re.compile(r"Left to ask: \d+ cells not asked yet"))).to_be_visible()
        asked_before = server.received
        assert asked_before < 2 * CASES

        server.delay_s = 0.0
        widget(page, "run_resume").locator("button").first.click()
        expect(widget(page, "run_bar")).to_contain_text("complete", timeout=LOADING_MS)
        expect(page.get_by_text(f"{2 * CASES} of {2 * CASES}")).to_be_visible()
        assert server.received == 2 * CASES, "resuming asked again what was answered"

    wait_idle(page)
    widget(page, "cells_search").locator("input").fill("case-07")
    expect(page.locator("[class*='st-key-cells_row_']")).to_have_count(2)
    assert "q=case-07" in page.url
    page.locator("[class*='st-key-cells_row_'] a").first.click()
    expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    wait_idle(page)
    expect(page.get_by_text("<b>parcel</b> 7")).to_be_visible()  # shown, not rendered
    expect(page.get_by_text("1 of 2 cells")).to_be_visible()

    expect(page).to_have_url(re.compile("cell="))
    other = new_page()  # somebody else opens both links
    visit(other, page.url)
    assert _said(other) == _said(page)
    visit(other, run_link)
    expect(other.get_by_text(f"{2 * CASES} of {2 * CASES}")).to_be_visible()

    visit(other, fresh_app.link("runs", q="slow"))
    expect(other.locator("[class*='st-key-runs_row_']")).to_have_count(1)
    visit(other, fresh_app.link("suites"))
    expect(widget(other, "suites_row_slow")).to_contain_text("accuracy 100.0 %")


def _said(page: Page) -> str:
    wait_idle(page)
    return page.locator("[data-testid='stMain']").inner_text()


def test_scoring_again_uses_the_suites_present_scorers_and_the_two_versions_lead_to_compare(
    fresh_app: AppServer, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    visit(page, fresh_app.link("runs", suite="support-triage"))
    widget(page, "run_start").locator("button").click()
    expect(widget(page, "run_bar")).to_contain_text("complete", timeout=LOADING_MS)
    wait_idle(page)
    expect(page.get_by_text("The suite has changed since")).to_have_count(0)

    suite = fresh_app.root / "evals" / "support-triage" / "suite.yaml"
    suite.write_text(suite.read_text().replace("name: known label", "name: allowed label"))
    page.reload()
    wait_idle(page)
    expect(page.get_by_text("The suite has changed since")).to_be_visible()
    widget(page, "run_rescore_menu").locator("button").first.click()
    widget(page, "run_rescore").locator("button").click()
    expect(page.locator("[class*='st-key-cells_row_']").first).to_contain_text("allowed label")
    wait_idle(page)
    expect(page.get_by_text("The suite has changed since")).to_have_count(0)

    press(page, "run_compare")
    assert "/compare?" in page.url and "a=" in page.url and "b=" in page.url
