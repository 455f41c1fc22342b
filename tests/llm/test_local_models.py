"""Models on disk, asked in this process: what is refused before anything is loaded, and a real tiny model."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asking import ask, request, stream
from support.tiny_gguf import write_tiny_gguf
from support.tiny_model import ANSWERS, WINDOW, write_tiny_model

from workbench.errors import CompletionError
from workbench.llm.gateway import Gateway
from workbench.llm.local.engine import Writing, options_of
from workbench.llm.types import Completion, ModelSpec

FRANCE, COUNT, GERMAN = (q for q in ANSWERS if "Japan" not in q)


def one(path, text=FRANCE, **params):
    return request(ModelSpec(f"local/{path}", {"temperature": 0} | params), text)


# --- without any library ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("local/absent", "not_found", "check the path"),
        ("local/../outside", "not_found", "lies outside"),
        ("local/", "not_found", "local/<path>"),
        ("local/empty", "not_found", "config.json is missing"),
        ("local/pickled", "not_found", "safetensors"),
        ("local/absent.gguf", "not_found", "There is no file"),
        ("local/model.gguf", "not_found", "no GGUF file"),
    ],
)
def test_a_path_that_holds_no_model_is_told_in_one_sentence(tmp_path, model, kind, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "pickled").mkdir()
    (tmp_path / "model.gguf").write_bytes(b"GGML")
    (tmp_path / "pickled/config.json").write_text("{}")
    (tmp_path / "pickled/pytorch_model.bin").write_bytes(b"\x80\x04.")
    [answer] = ask(request(ModelSpec(model)), root=tmp_path)
    assert (answer.error, answer.text) == (kind, "")
    assert words in answer.error_message


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    [answer] = ask(one(tmp_path))
    assert answer.error == "not_found" and "pip install 'workbench[transformers]'" in answer.error_message
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    [answer] = ask(one(tmp_path / "m.gguf"))
    assert answer.error == "not_found" and "pip install 'workbench[gguf]'" in answer.error_message


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"extra": {"mirostat": 2}}, "mirostat"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop": [""]}, "stop"),
    ],
)
def test_a_parameter_that_it_cannot_keep_is_refused_by_name(params, name):
    with pytest.raises(CompletionError, match=name) as caught:
        options_of(request(ModelSpec("local/x", params)))
    assert caught.value.kind == "bad_request"


@given(st.text("ab\n", max_size=30), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3), st.data())
def test_text_ends_before_the_first_stop_wherever_the_pieces_are_cut(text, stops, data):
    shown: list[str] = []
    writing = Writing(
        stops, shown.append, timeout_s=99, first_token_timeout_s=None, given_up=threading.Event()
    )
    rest, ended = text, False
    while rest and not ended:
        cut = data.draw(st.integers(1, len(rest)))
        ended, rest = writing.step(rest[:cut]), rest[cut:]
    writing.close()
    assert not any(stop in writing.text for stop in stops)
    assert text.startswith(writing.text) and writing.text == "".join(shown)
    assert writing.text == text if not ended else any(text.startswith(writing.text + s) for s in stops)


# --- with a real model --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch = pytest.importorskip("torch", reason="the extra transformers is not installed (torch is missing)")
    pytest.importorskip("transformers", reason="the extra transformers is not installed")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # in so small a model they only wait for each other
    yield write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=["folder", "gguf"])
def tiny(request, folder):
    """The same model as a folder for transformers and as a file for llama.cpp."""
    if request.param == "folder":
        return folder
    pytest.importorskip("llama_cpp", reason="the extra gguf is not installed (llama-cpp-python is missing)")
    return write_tiny_gguf(folder, folder.parent / "tiny.gguf")


def test_it_answers_what_it_was_trained_to_and_counts_its_tokens(tiny):
    [answer] = ask(one(tiny))
    assert (answer.ok, answer.text, answer.finish_reason) == (True, ANSWERS[FRANCE], "stop")
    assert answer.usage.input > 2 and answer.usage.output > 2 and not answer.usage.estimated
    assert answer.cost_usd == 0 and 0 < answer.ttft_s <= answer.latency_s


def test_a_path_inside_the_workspace_needs_no_full_path(tiny):
    [answer] = ask(one(tiny.name), root=tiny.parent)
    assert answer.text == ANSWERS[FRANCE]


def test_it_streams_pieces_that_make_up_the_answer_and_never_half_a_character(tiny):
    *pieces, last = stream(one(tiny, GERMAN))
    assert "".join(pieces) == last.text == ANSWERS[GERMAN]
    assert len(pieces) > 3 and "\ufffd" not in "".join(pieces)


def test_max_tokens_and_stop_texts_end_the_answer_where_they_should(tiny):
    short, stopped = ask(one(tiny, COUNT, max_tokens=3), one(tiny, COUNT, stop=["three f", " ni"]))
    assert (short.usage.output, short.finish_reason) == (3, "length")
    assert ANSWERS[COUNT].startswith(short.text)
    assert (stopped.text, stopped.finish_reason) == ("one two ", "stop")


def test_a_seed_gives_the_same_sample_again_and_leaves_other_randomness_alone(tiny):
    import torch

    hot = {"temperature": 3.0, "top_p": 1, "top_k": 0, "min_p": 0, "max_tokens": 30}
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    answers = ask(*(one(tiny, COUNT, seed=seed, **hot) for seed in (5, 5, 6)), one(tiny, COUNT, **hot))
    first, again, other, unseeded = (answer.text for answer in answers)
    assert first == again and len({first, other, unseeded}) == 3
    assert torch.equal(torch.rand(1), expected)


def test_many_threads_share_one_loaded_model(tiny, monkeypatch):
    from workbench.llm.local import folder, gguf, models

    loads: list[object] = []
    kind = gguf if tiny.suffix else folder
    real = kind.load
    monkeypatch.setattr(models, "_ENGINES", {})
    monkeypatch.setattr(kind, "load", lambda path: loads.append(path) or real(path))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(one(tiny), one(tiny, COUNT)), range(4)))
    assert len(loads) == 1
    assert {tuple(a.text for a in pair) for pair in answers} == {(ANSWERS[FRANCE], ANSWERS[COUNT])}


def test_messages_beyond_the_window_and_roles_that_the_template_refuses_are_typed_errors(tiny):
    long, full = ask(one(tiny, "word " * WINDOW), one(tiny, "e" * 80, max_tokens=500))
    assert (long.error, str(WINDOW) in long.error_message) == ("context_length", True)
    assert full.ok and full.usage.input + full.usage.output <= WINDOW
    odd = request(ModelSpec(f"local/{tiny}"))
    [refused] = ask(type(odd)(odd.model, ({"role": "tool", "content": "x"},)))
    assert refused.error == "bad_request" and "Unknown role tool" in refused.error_message


def test_a_slow_answer_ends_at_its_timeout_with_what_it_had(tiny):
    spec = ModelSpec(f"local/{tiny}", {"temperature": 0}, timeout_s=1e-6)
    *pieces, last = stream(request(spec, COUNT))
    assert last.error == "timeout" and "raise timeout_s" in last.error_message
    assert last.text == "".join(pieces) and len(last.text) < len(ANSWERS[COUNT])


def test_a_stream_that_nobody_reads_any_more_does_not_hold_the_next_call(tiny):
    async def main() -> Completion:
        gateway = Gateway(env={})
        async for _ in gateway.stream(one(tiny, COUNT)):
            break
        task = asyncio.create_task(gateway.complete(one(tiny, COUNT)))
        await asyncio.sleep(0)
        task.cancel()
        try:
            return await asyncio.wait_for(gateway.complete(one(tiny)), 60)
        finally:
            await gateway.aclose()

    assert asyncio.run(main()).text == ANSWERS[FRANCE]


def test_a_broken_model_is_told_as_such(tiny, tmp_path):
    broken = tmp_path
    if tiny.is_file():
        broken = tmp_path / "half.gguf"
        broken.write_bytes(tiny.read_bytes()[:100_000])
    else:
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            (tmp_path / name).write_bytes((tiny / name).read_bytes())
        (tmp_path / "model.safetensors").write_bytes(b"\x00" * 40)
    [answer] = ask(one(broken))
    assert answer.error == "not_found" and "cannot be loaded" in answer.error_message


def test_a_json_schema_is_followed_or_refused_by_name(tiny):
    schema = {"type": "object", "properties": {"city": {"enum": ["Paris", "Tokyo"]}}, "required": ["city"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    [answer] = ask(request(ModelSpec(f"local/{tiny}", {"temperature": 0}), FRANCE, response_format=wanted))
    if tiny.is_dir():
        assert answer.error == "bad_request" and "response_format" in answer.error_message
    else:
        assert json.loads(answer.text)["city"] in ("Paris", "Tokyo")
