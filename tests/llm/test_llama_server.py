"""llama.cpp's own server with a tiny model, asked by both ways.

Runs where WORKBENCH_TEST_LLAMA_SERVER names the program ``llama-server``. WORKBENCH_TEST_GGUF may name the model that
`support.tiny_gguf` writes; without it the model is trained first, which takes torch and half a minute.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from support.asking import ask, request, stream
from support.tiny_gguf import write_tiny_gguf
from support.tiny_model import ANSWERS, WINDOW, write_tiny_model

from workbench.llm.discovery import find_local_servers
from workbench.llm.types import ModelSpec

PROGRAM = os.environ.get("WORKBENCH_TEST_LLAMA_SERVER")
FRANCE, COUNT, GERMAN = (question for question in ANSWERS if "Japan" not in question)
SCHEMA = {
    "type": "object",
    "properties": {"sure": {"type": "boolean"}, "of": {"enum": ["cats", "dogs"]}},
    "required": ["sure", "of"],
    "additionalProperties": False,
}

pytestmark = pytest.mark.skipif(
    not PROGRAM, reason="WORKBENCH_TEST_LLAMA_SERVER names no llama-server to exercise"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    if given := os.environ.get("WORKBENCH_TEST_GGUF"):
        return Path(given)
    pytest.importorskip(
        "torch", reason="WORKBENCH_TEST_GGUF names no model, and none is trained without torch"
    )
    folder = write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
    return write_tiny_gguf(folder, folder.parent / "tiny.gguf")


@pytest.fixture(scope="module")
def base(file, tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("llama") / "log"
    command = [PROGRAM, "-m", str(file), "--host", "127.0.0.1", "--port", str(port), "-np", "2", "-t", "1"]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            _wait(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def _wait(url: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"llama-server did not start: {log.read_text(errors='replace')[-500:]}")


@pytest.fixture(params=["", "litellm"])
def model(request, monkeypatch, base):
    """Make the model with parameters, by the short way and through LiteLLM."""
    monkeypatch.setenv("WORKBENCH_LLM_ROUTE", request.param)
    return lambda **params: ModelSpec("openai/tiny.gguf", params, api_base=base)


@pytest.mark.parametrize("question", [FRANCE, GERMAN])
def test_it_answers_what_it_was_trained_to_with_its_own_counts(model, question):
    [answer] = ask(request(model(temperature=0), question))
    assert (answer.text, answer.finish_reason, answer.error) == (ANSWERS[question], "stop", None)
    assert answer.usage.input + (answer.usage.cache_read or 0) > 2 and answer.usage.output > 2
    assert not answer.usage.estimated and answer.latency_s > 0


@pytest.mark.parametrize("question", [FRANCE, GERMAN])
def test_a_stream_has_the_same_text_in_pieces_and_the_counts(model, question):
    *pieces, last = stream(request(model(temperature=0), question))
    assert "".join(pieces) == last.text == ANSWERS[question] and len(pieces) > 3
    assert last.usage.output > 2 and not last.usage.estimated and 0 < last.ttft_s <= last.latency_s


def test_a_seed_gives_the_same_sample_again_and_others_another(model):
    untaught = "Say something that nobody taught you"
    hot = {"temperature": 3.0, "top_p": 1, "max_tokens": 20}
    said = [ask(request(model(seed=seed, **hot), untaught))[0].text for seed in (5, 6, 7, 8, 5)]
    assert said[0] == said[-1] and len(set(said)) > 1


def test_logprobs_come_for_each_token_with_the_alternatives(model):
    [answer] = ask(request(model(temperature=0, logprobs=True, top_logprobs=3, max_tokens=4), FRANCE))
    assert "".join(one["token"] for one in answer.logprobs) == answer.text
    for one in answer.logprobs:
        assert len(one["top_logprobs"]) == 3
        assert one["logprob"] == pytest.approx(one["top_logprobs"][0]["logprob"]) and one["logprob"] <= 0


def test_an_answer_is_held_to_a_json_schema(model):
    form = {"type": "json_schema", "json_schema": {"name": "said", "schema": SCHEMA, "strict": True}}
    [answer] = ask(request(model(response_format=form, temperature=1.5, max_tokens=80), FRANCE))
    said = json.loads(answer.text)
    assert set(said) == {"sure", "of"} and said["of"] in ("cats", "dogs") and isinstance(said["sure"], bool)


def test_max_tokens_and_stop_texts_end_the_answer(model):
    short, stopped = ask(
        request(model(temperature=0, max_tokens=3), COUNT),
        request(model(temperature=0, stop=["three"]), COUNT),
    )
    assert (short.usage.output, short.finish_reason) == (3, "length")
    assert stopped.text.strip() == "one two" and stopped.finish_reason == "stop"


def test_messages_that_are_too_long_say_so(model):
    [answer] = ask(request(model(), "word " * 600))
    assert answer.error == "context_length" and "context window" in answer.error_message


def test_it_is_found_and_named_with_the_window_of_its_model(base):
    found = find_local_servers({"LLAMAFILE_API_BASE": base}, within_s=5)
    [server] = [server for server in found if server.base.startswith(base.removesuffix("/v1"))]
    assert server.title == "llama.cpp"
    assert [model.context_window for model in server.models] == [WINDOW]
