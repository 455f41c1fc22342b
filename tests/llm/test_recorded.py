"""Recorded outputs: every field of a row arrives, and what is missing or broken is an error of that cell."""

from __future__ import annotations

import json

import pytest
from support.asking import ask, request, stream, write_rows

from workbench.errors import DatasetError
from workbench.llm.recorded import RecordedFile, recorded_files, recorded_path
from workbench.llm.types import Completion, ModelSpec, Usage

SPEC = ModelSpec("recorded/some-model", outputs="outputs_{prompt}.jsonl")


def answers(folder, rows, *cases, **fields):
    """Write the rows for the prompt "p" and ask for the cases."""
    write_rows(folder / "outputs_p.jsonl", rows)
    asked = (request(SPEC, prompt_name="p", case_id=case, **fields) for case in cases)
    return ask(*asked, root=folder)


def test_every_field_of_a_row_arrives_and_what_is_not_there_is_unknown(tmp_path):
    whole = {
        "id": "a",
        "output": "Zoë says 12 €",
        "usage": {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 60}},
        "latency_s": 1.5,
        "ttft_s": 0.25,
        "cost_usd": 0.004,
        "finish_reason": "stop",
        "model": "some-model-0301",
    }  # fmt: skip
    full, bare = answers(tmp_path, [whole, {"id": 2, "output": "x"}], "a", "2")
    assert full == Completion(
        "Zoë says 12 €", Usage(40, 60, None, 7), 0.004, 1.5, 0.25, "stop", "some-model-0301"
    )
    assert bare == Completion("x")
    assert (bare.cost_usd, bare.latency_s, bare.usage.output) == (None, None, None)


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        ({"input": 5, "output": 6, "reasoning": 2}, Usage(input=5, output=6, reasoning=2)),
        (
            {"input_tokens": 5, "output_tokens": 6, "cache_read_input_tokens": 90},
            Usage(input=5, cache_read=90, output=6),
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage()),
    ],
)
def test_token_counts_are_read_in_the_spelling_of_whoever_recorded_them(tmp_path, usage, read):
    [answer] = answers(tmp_path, [{"id": "a", "output": "x", "usage": usage}], "a")
    assert answer.usage == read


def test_a_case_without_a_row_is_an_error_that_names_case_and_file(tmp_path):
    here, missing = answers(tmp_path, [{"id": "here", "output": "yes"}], "here", "gone")
    assert here.ok
    assert missing.error == "missing_recording" and missing.cost_usd is None
    assert '"gone"' in missing.error_message and "outputs_p.jsonl" in missing.error_message


def test_a_recorded_failure_stays_one_with_its_kind_and_what_had_come(tmp_path):
    rows = [
        {"id": "a", "error": "timed out", "cost_usd": 0.01},
        {"id": "b", "output": "half an ans", "error": {"kind": "rate_limit", "message": "slow down"}},
    ]
    plain, typed = answers(tmp_path, rows, "a", "b")
    assert (plain.error, plain.error_message, plain.cost_usd) == ("provider", "timed out", 0.01)
    assert (typed.error, typed.error_message, typed.text) == ("rate_limit", "slow down", "half an ans")


def test_repeats_are_told_apart_and_an_answer_that_is_json_is_given_as_text(tmp_path):
    rows = [{"id": "a", "output": {"n": 1}}, {"id": "a", "output": "second", "repeat": 1}]
    [first] = answers(tmp_path, rows, "a")
    [second] = answers(tmp_path, rows, "a", repeat=1)
    [third] = answers(tmp_path, rows, "a", repeat=2)
    assert (json.loads(first.text), second.text) == ({"n": 1}, "second")
    assert third.error == "missing_recording" and "repeat 2" in third.error_message


def test_windows_line_ends_a_byte_order_mark_and_empty_lines_do_no_harm(tmp_path):
    path = tmp_path / "outputs_p.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "output": "one"}\r\n\r\n{"id": "b", "output": "two"}')
    found = ask(*(request(SPEC, prompt_name="p", case_id=case) for case in "ab"), root=tmp_path)
    assert [answer.text for answer in found] == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ('{"id": "a", "output": "x"}\n{"id": "a", "output": "y"}\n', 2, "already answered on line 1"),
        ('{"id": "a", "output": "x"\n', 1, "not valid JSON"),
        ('\n["a"]\n', 2, "not a JSON object"),
        ('{"output": "x"}\n', 1, "no id"),
        ('{"id": "a"}\n', 1, "neither output nor error"),
        ('{"id": "a", "output": "x", "latency_s": "fast"}\n', 1, "latency_s"),
        ('{"id": "a", "output": "x", "cost_usd": -1}\n', 1, "cost_usd"),
    ],
)
def test_a_broken_row_is_named_with_file_and_line_here_and_on_the_cell(tmp_path, content, line, says):
    path = tmp_path / "outputs_p.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        RecordedFile(path)
    assert caught.value.line == line and says in str(caught.value)
    [answer] = ask(request(SPEC, prompt_name="p", case_id="a"), root=tmp_path)
    assert answer.error == "missing_recording" and f"outputs_p.jsonl, line {line}" in answer.error_message


@pytest.mark.parametrize("outputs", ["../outside.jsonl", "sub/../../outside.jsonl"])
def test_a_path_does_not_lead_out_of_the_suites_folder(tmp_path, outputs):
    root = tmp_path / "suite"
    root.mkdir()
    write_rows(tmp_path / "outside.jsonl", [{"id": "a", "output": "secret"}])
    [answer] = ask(request(ModelSpec("recorded/x", outputs=outputs), case_id="a"), root=root)
    assert answer.error == "missing_recording" and "secret" not in answer.text
    with pytest.raises(DatasetError):
        recorded_path(SPEC, "../../etc/passwd", root)


def test_a_file_that_changes_under_a_run_is_noticed_not_misread(tmp_path):
    path = write_rows(tmp_path / "o.jsonl", [{"id": "a", "output": "x"}, {"id": "b", "output": "y"}])
    file = RecordedFile(path)
    try:
        assert file.completion("b").text == "y"
        write_rows(path, [{"id": "a", "output": "something longer"}, {"id": "b", "output": "y"}])
        with pytest.raises(Exception, match="changed while"):
            file.completion("b")
    finally:
        file.close()


def test_a_recorded_answer_streams_like_any_other_and_the_playground_is_told_that_it_has_none(tmp_path):
    write_rows(tmp_path / "outputs_p.jsonl", [{"id": "a", "output": "one two  three"}])
    *pieces, last = stream(request(SPEC, prompt_name="p", case_id="a"), root=tmp_path)
    assert len(pieces) == 3 and "".join(pieces) == last.text
    [last] = stream(request(SPEC, prompt_name="p"), root=tmp_path)
    assert last.error == "missing_recording" and "choose another model" in last.error_message


def test_the_files_of_a_run_are_known_beforehand_and_a_missing_one_is_named(tmp_path):
    path = write_rows(tmp_path / "outputs_p.jsonl", [])
    assert recorded_files(SPEC, ["p", "p"], tmp_path) == [path.resolve()]
    with pytest.raises(DatasetError, match="outputs_q"):
        recorded_files(SPEC, ["p", "q"], tmp_path)
