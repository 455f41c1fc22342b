"""The Watch view: it teaches how to begin, says what moved since when, and asks only when somebody presses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from streamlit.testing.v1 import AppTest
from support.app_page import links, said, settled
from support.openai_server import OpenAIServer
from support.real_data import write_prompt, write_suite

from workbench.jobs import process, worker
from workbench.ui.views.watch_words import cron_line
from workbench.workspace import Workspace

Open = Callable[..., AppTest]
CASES = 24


class Model:
    """Echoes its word, until it is told to be wordy; ``calls`` counts what it was asked."""

    def __init__(self) -> None:
        self.wordy, self.calls = False, 0

    def __call__(self, body: dict) -> str:
        self.calls += 1
        word = body["messages"][-1]["content"][4:]
        return f"I would say that the word is {word}" if self.wordy else word


@pytest.fixture
def model() -> Model:
    return Model()


def answered(ws: Workspace) -> None:
    """Let the runs that a page has started be answered: the page's own thread cannot."""
    for record in ws.runs.list():
        if record.status == "queued":
            worker.main([str(ws.root), record.id])


def launch(root: Path, state: Path, run_id: str) -> None:
    if threading.current_thread() is threading.main_thread():
        worker.main([str(root), run_id])


@pytest.fixture
def ws(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("SOME_KEY", "key")
    write_prompt(tmp_path, "echo", "Say {{word}}")
    cases = [{"id": f"c{n}", "vars": {"word": f"w{n}"}, "expected": f"w{n}"} for n in range(CASES)]
    with (
        OpenAIServer(answer=model) as server,
        mock.patch.object(process, "launch", launch),
    ):
        spec = {"id": "openai/test-model", "api_base": server.base_url, "api_key_env": "SOME_KEY"}
        for name in ("echo", "other"):
            suite = {"prompts": ["echo"], "models": [spec], "scorers": ["exact"], "concurrency": 12}
            write_suite(tmp_path, name, suite, cases)
        opened = Workspace.open(tmp_path)
        yield opened
        opened.close()


def test_a_watch_is_begun_from_a_run_and_looks_only_when_it_is_told_to(
    ws: Workspace, model: Model, open_screen: Open
) -> None:
    assert "No suite is watched yet" in said(open_screen(ws, "suites", view="watch"))
    assert links(open_screen(ws, "suites", suite="echo"), suite="echo", view="watch")
    never = open_screen(ws, "suites", suite="echo", view="watch")
    assert "Nobody watches this suite yet" in said(never) and never.button(key="watch_run")
    run = ws.runs.start("echo").id
    at = open_screen(ws, "suites", suite="echo", view="watch")
    at.button(key="watch_begin").click()
    text = said(settled(at.run()))
    assert "No look yet" in text and " ".join(cron_line(ws.root, "echo", "Every day").split()) in text
    assert ws.watching.current("echo").reference_run == run and model.calls == CASES
    at.button(key="watch_now").click()
    assert settled(at.run()).button(key="watch_now").disabled, "one look at a time"
    answered(ws)
    text = said(settled(at.run()))
    assert [note.value for note in at.success] == ["Nothing moved in 1 look."] and model.calls == 2 * CASES
    assert "test-model-2026-01-01 since the reference" in text


def test_what_moved_is_said_with_its_run_found_in_the_list_and_gone_when_accepted(
    ws: Workspace, model: Model, open_screen: Open
) -> None:
    for name in ("echo", "other"):
        ws.watching.begin(name, ws.runs.start(name, use_cache=False).id, reason="**read** $50$")
    quiet = ws.watching.look("other").id
    model.wordy = True
    moved = ws.watching.look("echo").id
    at = open_screen(ws, "suites", suite="echo", view="watch")
    text = said(at)
    assert "exact is 0.0 % where it was 100.0 %; in this run." in text and links(at, run=moved)
    assert "**read** $50$" in text, "a reason is no markup"
    asked = model.calls
    at = open_screen(ws, "suites", view="watch")
    assert [link["suite"] for link in links(at, view="watch") if "suite" in link] == ["echo", "other"]
    at.text_input(key="watches_search").set_value("steady")
    assert [link["suite"] for link in links(settled(at.run()), view="watch") if "suite" in link] == ["other"]
    at = open_screen(ws, "suites", suite="echo", view="watch")
    at.button(key="watch_accept").click()
    assert "A change is accepted for a reason" in said(settled(at.run()))
    at.text_input(key="watch_why").set_value("it is as good")
    at.button(key="watch_accept").click()
    assert "No look yet" in said(settled(at.run()))
    assert model.calls == asked and ws.watching.current("other").looks == (quiet,)


def test_outputs_are_embedded_when_somebody_asks_for_it_and_never_by_looking_at_the_page(
    ws: Workspace, model: Model, open_screen: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def vectors(_ws, texts, _model, *, max_cost_usd=None):
        asked.append(list(texts))
        return {text: [float(len(text)), 5.0] for text in texts}, 0.0

    monkeypatch.setattr("workbench.workspace.watching.vectors_of", vectors)
    ws.watching.begin("echo", ws.runs.start("echo", use_cache=False).id, reason="")
    ws.watching.look("echo")
    model.wordy = True
    ws.watching.look("echo")
    ws.watching.name_embedder("echo", "openai/text-embedding-3-small")
    at = open_screen(ws, "suites", suite="echo", view="watch")
    assert "2 looks not yet compared by meaning" in said(at) and not asked
    at.button(key="watch_embed").click()
    assert "The outputs mean something else" in said(settled(at.run()))
    assert [len(texts) for texts in asked] == [2 * CASES]
    at.button(key="watch_now").click()
    settled(at.run())
    answered(ws)
    assert "not yet compared" not in said(settled(at.run()))
    settled(open_screen(ws, "suites", suite="echo", view="watch"))
    assert len(asked) == 2, "once for the look that this session began"


def test_a_cron_line_survives_any_name_of_a_folder() -> None:
    line = cron_line(Path("/srv/it's 100 %"), "a;b", "Every Monday")
    assert line.startswith("17 6 * * 1  cd '/srv/it'\"'\"'s 100 \\%' && workbench watch 'a;b' >")
