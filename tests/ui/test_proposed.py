"""Cases that a model proposes, in the app: asked for with a price, followed, read, changed, accepted or rejected."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.app_page import links, said, settled
from support.openai_server import OpenAIServer
from support.real_data import write_prompt, write_suite

from workbench.evals.proposed import Proposal, keep_proposals, proposals_in
from workbench.evals.types import Case
from workbench.workspace import Workspace

Open = Callable[..., AppTest]
FIRST = {"id": "1", "vars": {"q": "What is the capital of Spain?"}, "expected": "Madrid"}
HERE = {"suite": "quiz", "view": "proposed"}


@pytest.fixture
def gate() -> threading.Event:
    """Holds back the server's replies until it is set."""
    return threading.Event()


@pytest.fixture
def server(gate: threading.Event) -> Iterator[OpenAIServer]:
    asked = iter(range(100))

    def answer(body: dict) -> str:
        number = next(asked)
        if number:
            gate.wait(20)
        rows = [
            {"vars": {"q": f"Which river is number {number}{n}?"}, "expected": "Rhine"} for n in range(10)
        ]
        return json.dumps({"cases": rows})

    with OpenAIServer(answer) as running:
        yield running


@pytest.fixture
def ws(tmp_path: Path, server: OpenAIServer) -> Iterator[Workspace]:
    write_prompt(tmp_path, "p", "{{q}}")
    model = {"id": "openai/gpt-4o-mini", "api_base": server.base_url, "label": "writer"}
    write_suite(tmp_path, "quiz", {"prompts": ["p"], "models": [model], "scorers": ["exact"]}, [FIRST])
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


def proposed(ws: Workspace, *questions: str) -> None:
    keep_proposals(
        ws.suites.folder / "quiz",
        [Proposal(Case(f"n{i}", {"q": q}, f"a{i}")) for i, q in enumerate(questions)],
    )


def waiting(ws: Workspace) -> list[str]:
    return [p.case.id for p in proposals_in(ws.suites.folder / "quiz")]


def until(open_screen: Open, ws: Workspace, words: str) -> AppTest:
    deadline = time.monotonic() + 30
    while words not in said(at := open_screen(ws, "suites", **HERE)):
        assert time.monotonic() < deadline, said(at)
        time.sleep(0.05)
    return at


def test_cases_are_asked_for_with_a_price_followed_from_any_tab_and_stopped_with_what_came_kept(
    ws: Workspace, open_screen: Open, server: OpenAIServer, gate: threading.Event
) -> None:
    assert links(open_screen(ws, "suites", suite="quiz"), **HERE) == [HERE]
    at = open_screen(ws, "suites", **HERE)
    words = said(at)
    assert "No case is proposed" in words and "no run reads them" in words
    at.number_input(key="propose_count_quiz").set_value(40)
    at.text_area(key="propose_from_quiz").set_value("rivers")
    assert "4 calls, about $" in said(settled(at.run())) and server.received == 0
    at.button(key="propose_start").click()
    settled(at.run())
    other = until(open_screen, ws, "10 cases wait")
    assert other.button(key="propose_start").disabled, "one asking at a time"
    other.button(key="proposing_stop").click()
    settled(other.run())
    gate.set()
    done = until(open_screen, ws, "writer proposed 20 cases for $")
    assert "20 cases wait" in said(done) and len(waiting(ws)) == 20 and server.received == 2
    assert "rivers" in str(server.calls[0].body) and len(ws.suites.load("quiz").dataset.cases) == 1


def test_many_are_found_chosen_and_settled_at_once_and_the_others_stay(
    ws: Workspace, open_screen: Open
) -> None:
    rivers = [f"Which river flows through town {n}?" for n in range(30)]
    proposed(ws, "what is the capital of spain?", "What is the capital of  Spain!", *rivers)
    at = open_screen(ws, "suites", **HERE)
    words = said(at)
    assert "the same as 1" in words and "much like 1" in words and at.button(key="proposals_accept").disabled
    at = open_screen(ws, "suites", **HERE, q="capital")
    assert [b.label for b in at.checkbox] == ["Choose n0", "Choose n1"], "the search is in the link"
    at.button(key="proposals_all").click()
    settled(at.run())
    at.checkbox[1].uncheck()
    settled(at.run())
    at.button(key="proposals_reject").click()
    assert "Rejected 1 case" in settled(at.run()).toast[0].value
    assert waiting(ws)[0] == "n1" and len(waiting(ws)) == 31
    at.text_input(key="proposals_search").set_value("river")
    settled(at.run())
    at.button(key="proposals_all").click()
    settled(at.run())
    at.button(key="proposals_accept").click()
    assert "Accepted 30 cases in quiz" in settled(at.run()).toast[0].value
    cases = ws.suites.load("quiz").dataset.cases
    assert waiting(ws) == ["n1"] and [c.vars["q"] for c in cases] == [FIRST["vars"]["q"], *rivers]


def test_one_is_changed_before_it_is_accepted_and_the_next_one_opens(
    ws: Workspace, open_screen: Open
) -> None:
    proposed(ws, "What is the capital of  Spain!", "Which is longer?")
    at = open_screen(ws, "suites", **HERE, proposal="n0")
    assert "This case asks nearly the same as" in said(at) and links(at, suite="quiz", case="1")
    at.text_area(key="proposal_vars_q_n0").set_value("What is the capital of Italy?")
    at.text_area(key="proposal_expected_n0").set_value("Rome")
    at.button(key="proposal_accept").click()
    at = settled(at.run())
    case = ws.suites.load("quiz").dataset.cases[-1]
    assert (case.vars, case.expected) == ({"q": "What is the capital of Italy?"}, "Rome")
    assert case.metadata["generated"]["edited_by"] and "Proposed case n1" in said(at)
    gone = open_screen(ws, "suites", **HERE, proposal="n0")
    assert len(gone.error) == 1 and "may have been accepted or rejected meanwhile" in said(gone)
