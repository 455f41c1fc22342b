"""A model that changes behind its name, watched from the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.openai_server import OpenAIServer
from support.real_data import write_prompt, write_suite
from support.vectors import serving

from workbench.files import dump_yaml, load_yaml

CASES = 40


class Model:
    """Echoes its word, until it is told to be wordy."""

    def __init__(self) -> None:
        self.wordy = False

    def __call__(self, body: dict) -> str:
        word = body["messages"][-1]["content"][4:]
        return f"I would say that the word you are looking for is {word}" if self.wordy else word


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def watched(tmp_path, monkeypatch, model) -> Iterator[OpenAIServer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_KEY", "key")
    write_prompt(tmp_path, "echo", "Say {{word}}")
    cases = [{"id": f"c{n}", "vars": {"word": f"w{n}"}, "expected": f"w{n}"} for n in range(CASES)]
    with OpenAIServer(answer=model) as server:
        spec = {"id": "openai/test-model", "api_base": server.base_url, "api_key_env": "SOME_KEY"}
        suite = {"prompts": ["echo"], "models": [spec], "scorers": ["exact"], "concurrency": 20}
        write_suite(tmp_path, "echo", suite, cases)
        yield server


def test_a_model_that_moved_is_told_in_plain_words_until_that_is_accepted(call, watched, model):
    assert call("watch", "echo", "--show").code == 2, "nothing is watched yet"
    begun = call("watch", "echo")
    assert begun.code == 0 and "are held against" in begun.out
    quiet = call("watch", "echo")
    assert (quiet.code, watched.received) == (0, 2 * CASES), quiet.err
    assert "Nothing moved in 1 look" in quiet.out

    model.wordy = True
    moved = call("watch", "echo")
    assert moved.code == 1
    assert "The model answers 12 words on average where it answered 1; in this run." in moved.out
    assert "exact is 0.0 % where it was 100.0 %" in moved.out
    assert "100 % of the outputs are other than the reference's where 0 % were before" in moved.out

    asked = watched.received
    shown = call("watch", "echo", "--show", "--json", "-")
    assert shown.code == 1 and {m["what"] for m in shown.data["moved"]} >= {"score", "length", "output"}
    assert len(shown.data["looks"]) == 2
    assert call("watch", "echo", "--accept", " ").code == 2
    assert call("watch", "echo", "--accept", "it explains itself now").code == 0
    assert call("watch", "echo", "--show").code == 0
    assert watched.received == asked, "showing and accepting asks nobody"


def test_the_watch_asks_what_was_frozen_and_not_what_the_files_say_now(call, watched, tmp_path):
    assert call("watch", "echo").code == 0
    path = tmp_path / "prompts" / "echo.prompt.yml"
    path.write_text(path.read_text().replace("Say ", "Shout "))
    assert call("watch", "echo").code == 0
    assert watched.received == 2 * CASES
    assert call("watch", "echo", "--reference", "none").code == 2


def test_a_suite_of_several_versions_asks_which_one_to_watch_before_anything_is_spent(
    call, watched, tmp_path
):
    write_prompt(tmp_path, "shout", "Say {{word}}!")
    file = tmp_path / "evals" / "echo" / "suite.yaml"
    file.write_text(dump_yaml({**load_yaml(file.read_text(), file=file).data, "prompts": ["echo", "shout"]}))
    refused = call("watch", "echo")
    assert refused.code == 2 and "echo@1, shout@1" in refused.err
    assert watched.received == 0 and call("runs", "--json", "-").data == []


def test_outputs_are_compared_by_meaning_only_where_a_model_is_named_and_each_is_bought_once(
    call, watched, model, monkeypatch
):
    with serving() as (address, calls):
        monkeypatch.setenv("OPENAI_API_BASE", f"{address}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        call("watch", "echo")
        call("watch", "echo")
        assert not calls, "no embedding model is named"
        named = call("watch", "echo", "--embedder", "openai/text-embedding-3-small", "--json", "-")
        assert named.code == 0 and named.data["embedder"] == "openai/text-embedding-3-small"
        assert not calls, "equal texts are no distance apart, whatever a model says"
        assert named.data["looks"][1]["metrics"]["embedding"]["now"] == 0
        model.wordy = True
        moved = call("watch", "echo", "--json", "-")
        texts = [text for _, _, body in calls for text in body["input"]]
        assert sorted(texts) == sorted({*texts}) and len(texts) == 2 * CASES
        assert "embedding" in {m["what"] for m in moved.data["moved"]}
        assert "The outputs mean something else" in call("watch", "echo", "--show").out
        call("watch", "echo")
        assert len([text for _, _, body in calls for text in body["input"]]) == 2 * CASES
        call("watch", "echo", "--accept", "fine")
        assert call("watch", "echo", "--show", "--json", "-").data["embedder"], "it stays named"
        off = call("watch", "echo", "--show", "--embedder", "none", "--json", "-").data
        assert off["embedder"] is None
