"""The Playground page: what is asked, what is remembered, and what is said where nothing can be asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from support.openai_server import OpenAIServer, Reply
from support.small_workspace import write_prompt, write_suite

from workbench.llm.providers import LOCAL_BASES, PROVIDERS
from workbench.llm.types import Completion, ModelSpec, Usage
from workbench.prompts.content import Prompt, PromptMessage, Variable
from workbench.ui import trying
from workbench.ui.editing import Form
from workbench.ui.views.playground_answer import answer_data
from workbench.workspace import Workspace
from workbench.workspace.playground import Slot

Open = Callable[..., AppTest]
WAIT_S = 60


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own keys or servers take part."""
    for provider in PROVIDERS.values():
        for name in (*provider.key_envs, *provider.base_envs):
            monkeypatch.delenv(name, raising=False)
    for name, _ in LOCAL_BASES.values():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    """Two prompts; ``asker`` has two versions, and a suite of its cases."""
    write_prompt(tmp_path, "asker")
    write_prompt(tmp_path, "other")
    write_suite(tmp_path, "quiz", {"asker": {0}}, cases=3)
    with_workspace = Workspace.open(tmp_path)
    prompt = with_workspace.prompts.newest("asker").prompt
    second = Prompt(
        "asker",
        (PromptMessage("user", "Answer {{question}} in at most {{words}} words."),),
        variables=(Variable("words", "integer", description="How long"),),
    )
    with_workspace.prompts.save(second, parent=1, message="Shorter")
    assert prompt.sha256 != second.sha256
    yield with_workspace
    with_workspace.close()


def ended(ws: Workspace, session: str) -> list[Completion]:
    """Wait until every column has its answer."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        slots = ws.playground.state(session) or []
        if slots and not any(slot.running for slot in slots):
            return [slot.completion for slot in slots if slot.completion]
        threading.Event().wait(0.02)
    raise AssertionError("the answers did not arrive")


def said(at: AppTest) -> str:
    """All words on the page."""
    kinds = ("markdown", "caption", "error")
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind)).replace("\\", "")


def remember(ws: Workspace, **values: str) -> trying.TryForm:
    """Leave a form with these values behind, as if typed."""
    form = trying.first_form(trying.look_up(ws, "asker"), ["offline/rules"])
    form.values = dict(values)
    ws.playground.remember_form("asker", form.to_dict())
    return form


def shown(ws: Workspace, at: AppTest) -> Any:
    """The session that the page's address names."""
    return ws.playground.session(in_link(at, "session"))


def in_link(at: AppTest, name: str) -> str:
    """A parameter of the page's address."""
    value = at.query_params[name]
    return value if isinstance(value, str) else value[0]


def test_the_newest_two_versions_stand_side_by_side_at_first(open_screen: Open, ws: Workspace) -> None:
    at = open_screen(ws, "playground", prompt="asker")
    versions = [box.value for box in at.selectbox if box.key.startswith("playground_version_")]
    models = [box.value for box in at.selectbox if box.key.startswith("playground_model_")]
    assert versions == [2, 1]
    assert models == ["offline/rules"] * 2
    assert "stand-in, not a language model" in said(at)


def test_a_missing_variable_is_one_sentence_and_nothing_is_sent(open_screen: Open, ws: Workspace) -> None:
    at = open_screen(ws, "playground", prompt="asker")
    at.button(key="playground_run").click().run()
    assert [error.value for error in at.error]
    assert "missing" in at.error[0].value and "Traceback" not in at.error[0].value
    assert ws.playground.recent() == []
    assert "session" not in at.query_params


def test_a_run_has_a_link_that_shows_the_same_outputs_in_another_tab(
    open_screen: Open, ws: Workspace
) -> None:
    remember(ws, question="What is a parcel?", words="3")
    at = open_screen(ws, "playground", prompt="asker")
    at.button(key="playground_run").click().run()
    session = shown(ws, at)
    ended(ws, session.id)
    assert [column.title for column in session.columns] == ["asker@2", "asker@1"]
    assert session.variables == {"question": "What is a parcel?", "words": "3"}

    again = open_screen(ws, "playground", session=session.id)
    assert in_link(again, "prompt") == "asker"
    assert len(again.get("bidi_component")) >= 2
    assert not again.error


def test_what_was_left_in_the_form_is_there_again(open_screen: Open, ws: Workspace) -> None:
    form = remember(ws, question="kept?", words="3")
    form.columns = form.columns[:1]
    form.columns[0].model = "openai/typed-by-hand"
    ws.playground.remember_form("asker", form.to_dict())
    at = open_screen(ws, "playground")  # the prompt tried last, without being named
    assert at.selectbox(key="playground_prompt").value == "asker"
    boxes = [box for box in at.selectbox if box.key.startswith("playground_model_")]
    assert [box.value for box in boxes] == ["openai/typed-by-hand"]
    assert at.session_state["_playground"].form.values["question"] == "kept?"


def test_a_case_of_a_suite_fills_the_variables_by_link(open_screen: Open, ws: Workspace) -> None:
    at = open_screen(ws, "playground", prompt="asker", suite="quiz", case="c1", version="1")
    form = at.session_state["_playground"].form
    assert form.values["question"] == "What is 1?"
    assert form.columns[0].version == 1
    assert "From the case quiz / c1, which expects: a1" in said(at)
    assert "case" not in at.query_params


def test_up_to_four_columns_can_be_added_and_removed(open_screen: Open, ws: Workspace) -> None:
    at = open_screen(ws, "playground", prompt="asker")
    at.button(key="playground_add").click().run()
    at.button(key="playground_add").click().run()
    assert not [button for button in at.button if button.key == "playground_add"]
    at.button(key="playground_remove_a").click().run()
    assert [choice.version for choice in at.session_state["_playground"].form.columns] == [1, 2, 2]


def test_the_unsaved_draft_can_be_tried_as_a_version(open_screen: Open, ws: Workspace) -> None:
    draft = Form.of(Prompt("asker", (PromptMessage("user", "Draft of {{question}}"),)))
    ws.store.drafts.put("asker", draft.to_dict(), base=2, revision=0)
    form = remember(ws, question="x")
    form.columns = [trying.Choice(None, "offline/rules")]
    ws.playground.remember_form("asker", form.to_dict())
    at = open_screen(ws, "playground", prompt="asker")
    at.button(key="playground_run").click().run()
    session = shown(ws, at)
    ended(ws, session.id)
    assert session.columns[0].title == "asker (draft)"
    assert session.columns[0].prompt.messages[0].content == "Draft of {{question}}"


def test_a_past_session_is_found_and_opened_without_losing_what_is_typed(
    open_screen: Open, ws: Workspace
) -> None:
    newest = ws.prompts.newest("asker")
    old = ws.playground.start(
        [(newest.title, newest.prompt, ModelSpec("offline/rules"))], {"question": "about owls", "words": 2}
    )
    ended(ws, old)
    remember(ws, question="typed since", words="3")
    at = open_screen(ws, "playground", prompt="asker")
    at.query_params["session"] = old
    at.run()
    assert at.session_state["_playground"].form.values["question"] == "about owls"
    at.button(key="playground_back").click().run()
    assert at.session_state["_playground"].form.values["question"] == "typed since"


def test_a_session_that_is_not_there_is_one_sentence(open_screen: Open, ws: Workspace) -> None:
    at = open_screen(ws, "playground", session="nowhere")
    assert "There is no playground session nowhere" in at.error[0].value
    assert at.button(key="playground_run")


def test_an_empty_workspace_says_what_to_do_first(open_screen: Open, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    with_nothing = Workspace.open(tmp_path)
    at = open_screen(with_nothing, "playground")
    assert "There is no prompt to try yet" in said(at)
    with_nothing.close()


def test_one_dead_model_never_holds_the_others_and_stopping_keeps_what_came(ws: Workspace) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        dead = body["model"] == "dead"
        return Reply(hang=True) if dead else Reply(text="one two three", chunk_delay_s=30)

    newest = ws.prompts.newest("asker")
    with OpenAIServer(answer=reply) as server:
        models = [
            ModelSpec("openai/dead", api_base=server.base_url),
            ModelSpec("openai/slow", api_base=server.base_url),
            ModelSpec("offline/rules"),
        ]
        session = ws.playground.start(
            [(newest.title, newest.prompt, model) for model in models], {"question": "?", "words": 2}
        )
        dead, slow, quick = ws.playground.state(session) or []
        deadline = time.monotonic() + WAIT_S
        while (quick.running or not slow.text) and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        assert not quick.running and dead.running and slow.running
        ws.playground.stop(session, 0)
        ws.playground.stop(session, 1)
        answers = ended(ws, session)
    assert [answer.error for answer in answers] == ["cancelled", "cancelled", None]
    assert answers[1].text == "one"
    assert answers[1].cost_usd is None
    # Another process, or this one after a restart, shows the same.
    assert [slot.text for slot in type(ws.playground)(ws.root, ws.store).state(session) or []][1] == "one"


def test_an_answer_that_was_paid_for_is_shown_again_and_marked(ws: Workspace) -> None:
    newest = ws.prompts.newest("asker")
    with OpenAIServer(answer=lambda body: "paid") as server:
        column = (newest.title, newest.prompt, ModelSpec("openai/m", api_base=server.base_url))
        values = {"question": "?", "words": 2}
        answers = []
        for reuse in (True, True, False):
            answers += ended(ws, ws.playground.start([column], values, use_cache=reuse))
        assert server.received == 2
    assert [answer.cached for answer in answers] == [False, True, False]


def test_a_session_keeps_the_prompt_as_it_was(ws: Workspace) -> None:
    draft = Prompt("asker", (PromptMessage("user", "Only here: {{question}}"),))
    session_id = ws.playground.start(
        [("asker (draft)", draft, ModelSpec("offline/rules"))], {"question": "x"}
    )
    ended(ws, session_id)
    session = ws.playground.session(session_id)
    assert session is not None and session.columns[0].prompt.sha256 == draft.sha256


def test_values_go_out_as_what_they_were_in_the_case() -> None:
    form = trying.TryForm("p")
    trying.set_values(form, {"items": ["a", "b"], "text": '["not", "a list"]', "n": 3, "nothing": None})
    form.values["empty"] = ""
    assert trying.values_to_send(form) == {"items": ["a", "b"], "text": '["not", "a list"]', "n": 3}


def numbers(data: dict[str, Any]) -> dict[str, str]:
    """The numbers of an answer by name."""
    return {number["name"]: number["value"] for number in data["numbers"]}


def test_what_is_unknown_is_called_unknown_and_cached_tokens_count_as_read() -> None:
    usage = Usage(input=100, cache_read=900, output=50)
    done = Completion(text="x", usage=usage, latency_s=1.25, finish_reason="length")
    found = numbers(answer_data(Slot("p@1", "openai/x", completion=done), session="s"))
    assert found == {
        "Cost": "unknown",
        "Latency": "1.2 s",
        "First token": "unknown",
        "Tokens in": "1,000",
        "Tokens out": "50",
        "Finish": "length",
    }


def test_a_fault_is_shown_as_its_sentence_without_empty_numbers() -> None:
    done = Completion(error="auth", error_message="There is no key for OpenAI.")
    data = answer_data(Slot("p@1", "openai/x", completion=done), session="s")
    assert data["error"] == "There is no key for OpenAI."
    assert data["numbers"] == []


def test_differences_are_those_of_words() -> None:
    slot = Slot("p@2", "m", completion=Completion(text="the red car"))
    data = answer_data(slot, session="s", against="the blue car", base_title="A")
    assert {(kind, words.strip()) for kind, words in data["pieces"] if kind != "equal"} == {
        ("delete", "blue"),
        ("insert", "red"),
    }
    same = answer_data(slot, session="s", against="the red car", base_title="A")
    assert same["state"] == "same as A"
