"""Cases that a model proposes wait apart, are booked, and enter the suite only when a person accepts them."""

from __future__ import annotations

import json

import pytest
from support.openai_server import OpenAIServer
from support.real_data import write_suite

from workbench.errors import BadInput, NotFound
from workbench.llm.types import ModelSpec
from workbench.workspace import Workspace
from workbench.workspace.generating import generate_cases
from workbench.workspace.library import current_author
from workbench.workspace.proposals import accept_cases, proposed_cases, reject_cases

ROWS = [
    {"vars": {"q": "What is the capital of France?"}, "expected": "Paris"},
    {"vars": {"q": "Which river flows through Cologne?"}, "expected": "Rhine", "metadata": {"kind": "river"}},
    {"vars": {"q": "What is the capital of  Spain?"}, "expected": "Madrid"},
    {"vars": {"q": "What is the capital of Spain!"}, "expected": "Madrid"},
    {"vars": {"other": "x"}},
    "nonsense",
]


@pytest.fixture
def ws(tmp_path):
    (tmp_path / "prompts").mkdir()
    suite = {"prompts": ["p"], "models": ["offline/rules"], "scorers": ["exact"]}
    write_suite(
        tmp_path,
        "quiz",
        suite,
        [{"id": "1", "vars": {"q": "What is the capital of Spain?"}, "expected": "Madrid"}],
    )
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


def asked(ws, text: str, **options):
    with OpenAIServer(lambda body: text) as server:
        model = ModelSpec("openai/gpt-4o-mini", api_base=server.base_url)
        return generate_cases(ws, "quiz", model, **options), list(server.calls)


def test_proposals_wait_apart_marked_and_booked_until_they_are_accepted(ws):
    made, calls = asked(ws, "Here: " + json.dumps({"cases": ROWS}), count=3, description="capitals")
    assert len(calls) == 1 and "capitals" in str(calls[0]) and "capital of Spain" in str(calls[0])
    assert [p.case.vars["q"][:5] for p in made.proposals] == [
        "What ",
        "Which",
        "What ",
    ] and made.unusable == 3
    assert [p.like for p in made.proposals] == [None, None, "1"]
    assert made.cost_usd > 0 and ws.store.spending.today(current_author()) == pytest.approx(made.cost_usd)
    assert len(ws.suites.load("quiz").dataset.cases) == 1
    first, second, third = (p.case.id for p in proposed_cases(ws, "quiz"))
    assert [case.id for case in accept_cases(ws, "quiz", [second])] == [second]
    case = ws.suites.load("quiz").dataset.cases[1]
    assert (case.vars, case.expected, case.metadata["kind"]) == (ROWS[1]["vars"], "Rhine", "river")
    assert case.metadata["generated"] == {"model": "openai/gpt-4o-mini", "description": "capitals"}
    assert [case.id for case in reject_cases(ws, "quiz", [first])] == [first]
    with pytest.raises(NotFound, match=f'No case "{first}"'):
        accept_cases(ws, "quiz", [first])
    assert [p.case.id for p in proposed_cases(ws, "quiz")] == [third]
    reject_cases(ws, "quiz", ["all"])
    assert not made.file.exists() and len(ws.suites.load("quiz").dataset.cases) == 2


def test_a_model_that_repeats_itself_is_not_asked_for_ever(ws):
    made, calls = asked(ws, json.dumps({"cases": ROWS[:1]}), count=40)
    assert len(made.proposals) == 1 and len(calls) == 2


def test_a_reply_without_cases_a_stand_in_and_an_unknown_suite_are_refused(ws):
    with pytest.raises(BadInput, match="holds no cases"):
        asked(ws, "I would rather not.")
    assert ws.store.spending.today() > 0
    with pytest.raises(BadInput, match="cannot write cases"):
        generate_cases(ws, "quiz", ModelSpec("offline/rules"))
    with pytest.raises(NotFound):
        generate_cases(ws, "none", ModelSpec("openai/gpt-4o-mini"))
