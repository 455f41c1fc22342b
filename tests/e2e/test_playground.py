"""The playground in a real browser: streams side by side, stopping, F5, a shared link, what is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browser import AppServer, Faults, copy_samples, press, start_app, visit, wait_idle, widget
from support.openai_server import OpenAIServer, Reply

LOADING_MS = 90_000
WORDS = [f"word{n}" for n in range(400)]


def reply(body: dict[str, Any]) -> Reply:
    """``slow`` takes a minute, ``dead`` never answers, ``refused`` is refused, others say something short."""
    model = body["model"]
    if model == "slow":
        return Reply(text=" ".join(WORDS), chunk_delay_s=0.15)
    if model == "dead":
        return Reply(hang=True)
    if model == "refused":
        return Reply(status=401, error={"message": "Incorrect API key provided.", "code": "invalid_api_key"})
    return Reply(text="<b>quick</b> **words** here")


@pytest.fixture(scope="module")
def models() -> Iterator[OpenAIServer]:
    """A server that speaks the OpenAI protocol."""
    with OpenAIServer(answer=reply) as server:
        yield server


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, models: OpenAIServer) -> Iterator[AppServer]:
    """The app on the samples, whose OpenAI is that server."""
    folder = tmp_path_factory.mktemp("playground")
    root: Path = folder / "workspace"
    root.mkdir()
    copy_samples(root)
    server = start_app(
        root, log=folder / "server.log", OPENAI_BASE_URL=models.base_url, OPENAI_API_KEY="sk-test-not-a-key"
    )
    yield server
    server.stop()


def choose_model(page: Page, letter: str, model: str) -> None:
    """Type a model's id into a column's box."""
    box = page.get_by_role("combobox", name=f"Model of {letter}")
    box.click()
    box.fill(model)
    box.press("Enter")
    expect(box).to_have_value(re.compile(re.escape(model)))
    wait_idle(page)


def output(page: Page, letter: str) -> Locator:
    """The text of a column."""
    return widget(page, f"playground_answer_{letter.lower()}").locator(".text")


def card(page: Page, letter: str, part: str) -> Locator:
    """A part of a column's card."""
    return widget(page, f"playground_answer_{letter.lower()}").locator(part)


def run(page: Page) -> None:
    """Press Run, without waiting for the answers."""
    widget(page, "playground_run").locator("button").click()


def open_case(page: Page, app: AppServer, *, columns: int = 2) -> None:
    """Open the triage prompt on a sample case with so many columns, asking anew each time.

    The form is remembered, so it stands as the test before left it.
    """
    visit(page, app.link("playground", prompt="support-triage", suite="support-triage", case="charged-twice"))
    toggle = page.get_by_role("switch", name="Reuse paid answers")
    boxes = page.get_by_role("combobox", name=re.compile("Model of"))
    expect(boxes.first).to_be_visible()
    while boxes.count() > columns:
        press(page, f"playground_remove_{'abcd'[boxes.count() - 1]}")
    while boxes.count() < columns:
        press(page, "playground_add")
    if toggle.is_checked():
        page.get_by_text("Reuse paid answers").click()
        wait_idle(page)
    expect(toggle).not_to_be_checked()


def test_a_fast_model_is_read_while_a_slow_one_streams_and_a_reload_keeps_both(
    app: AppServer, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    open_case(page, app)
    choose_model(page, "A", "openai/slow")
    choose_model(page, "B", "offline/rules")
    run(page)
    expect(output(page, "B")).to_have_text("billing")
    expect(card(page, "B", ".numbers")).to_contain_text("$0")
    expect(card(page, "B", ".copy")).to_be_visible()
    # The first words take a while, for the provider's library is loaded first.
    expect(output(page, "A")).to_contain_text("word3", timeout=LOADING_MS)
    expect(card(page, "A", ".stop")).to_be_visible()

    # Nothing is drawn anew while words arrive: a mark on the node that holds them stays.
    output(page, "A").evaluate("node => { node.marked = true }")
    expect(output(page, "A")).to_contain_text("word15")
    assert output(page, "A").evaluate("node => node.marked") is True

    link = page.url
    assert "session=" in link
    page.reload()
    expect(output(page, "B")).to_have_text("billing")
    expect(output(page, "A")).to_contain_text("word25")
    assert page.url == link

    other = new_page()  # a colleague opens the link and sees it arrive, too
    visit_running(other, link)
    expect(output(other, "A")).to_contain_text("word35")
    widget(page, "playground_stop").locator("button").click()
    for tab in (page, other):
        expect(card(tab, "A", ".error")).to_contain_text("Stopped by you")
        expect(output(tab, "A")).to_contain_text("word35")
        expect(output(tab, "A")).not_to_contain_text("word399")
    expect(widget(page, "playground_run")).to_be_visible()

    visit(page, app.link("settings"))  # after all that, the kept words are still under the link
    visit(page, link)
    expect(output(page, "A")).to_contain_text("word35")


def visit_running(page: Page, url: str) -> None:
    """Open an address whose page does not come to rest."""
    page.goto(url)
    page.wait_for_selector(".st-key-playground_columns")


def test_a_dead_model_can_be_stopped_alone_and_a_refusal_is_one_sentence(app: AppServer, page: Page) -> None:
    open_case(page, app, columns=3)
    choose_model(page, "A", "openai/dead")
    choose_model(page, "B", "openai/refused")
    choose_model(page, "C", "openai/quick")
    run(page)
    # What a model says is text: its tags and stars are shown as they came.
    expect(output(page, "C")).to_have_text("<b>quick</b> **words** here", timeout=LOADING_MS)
    expect(card(page, "B", ".error")).to_contain_text("key")
    expect(card(page, "A", ".stop")).to_be_visible()
    card(page, "A", ".stop").click()
    expect(card(page, "A", ".error")).to_contain_text("Stopped by you")
    expect(widget(page, "playground_run")).to_be_visible()
    expect(card(page, "C", ".numbers")).to_contain_text("unknown")  # nobody knows this model's price


def test_what_is_typed_outlives_a_reload_and_ctrl_enter_asks_with_all_of_it(
    app: AppServer, page: Page, models: OpenAIServer
) -> None:
    open_case(page, app, columns=1)
    choose_model(page, "A", "openai/quick")
    field = widget(page, "playground_var_message").locator("textarea")
    field.fill("Where is my parcel?")
    wait_idle(page)
    page.reload()
    wait_idle(page)
    expect(field).to_have_value("Where is my parcel?")

    before = models.received
    field.focus()
    field.press("End")
    page.keyboard.type(" It is late!")
    page.keyboard.press("Control+Enter")
    expect(output(page, "A")).to_contain_text("quick", timeout=LOADING_MS)
    assert models.received == before + 1
    assert "Where is my parcel? It is late!" in models.calls[-1].last


def test_a_missing_variable_is_said_and_nothing_is_sent(
    app: AppServer, page: Page, models: OpenAIServer
) -> None:
    before = models.received
    visit(page, app.link("playground", prompt="order-extraction"))
    run(page)
    expect(page.get_by_test_id("stAlert")).to_contain_text("missing")
    assert models.received == before
    assert "session=" not in page.url


def test_differences_are_shown_on_demand_and_past_sessions_are_found(app: AppServer, page: Page) -> None:
    open_case(page, app)
    choose_model(page, "A", "offline/rules")
    choose_model(page, "B", "openai/quick")
    run(page)
    expect(output(page, "B")).to_contain_text("quick", timeout=LOADING_MS)
    wait_idle(page)
    widget(page, "playground_diff").get_by_text("A", exact=True).click()
    expect(output(page, "B").locator("del")).to_contain_text("billing")
    expect(output(page, "B").locator("ins").first).to_be_visible()
    assert "diff=A" in page.url
    link = page.url.split("session=")[1].split("&")[0]

    press(page, "playground_history")
    search = widget(page, "playground_history_search").locator("input")
    search.fill("openai/quick charged")
    expect(widget(page, f"playground_past_{link}")).to_be_visible()
    search.fill("no session has these words")
    expect(page.get_by_text("No past session has these words.")).to_be_visible()


def test_the_page_is_legible_in_the_dark_and_at_1024(
    app: AppServer, new_page: Callable[..., Page], faults: Faults
) -> None:
    page = new_page(color_scheme="dark", viewport={"width": 1024, "height": 768})
    open_case(page, app, columns=4)
    for letter in "ABCD":
        choose_model(page, letter, "offline/rules")
    run(page)
    expect(output(page, "D")).to_be_visible()
    wait_idle(page)
    boxes = [card(page, letter, ".answer").bounding_box() for letter in "ABCD"]
    assert all(box and box["width"] >= 240 and box["x"] + box["width"] <= 1024 for box in boxes)
    background, colour = output(page, "A").evaluate(
        "node => [getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor, "
        "getComputedStyle(node).color]"
    )
    assert contrast(background, colour) > 7
    assert not faults.found


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two CSS colours, by WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
