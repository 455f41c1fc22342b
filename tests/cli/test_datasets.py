"""Datasets from the terminal: what a person sees of one, keeps, compares, and writes."""

from __future__ import annotations

import json
import shutil

import pytest
from support.vectors import serving


@pytest.fixture
def table(here):
    rows = "".join(f"q{n};What is {n * 7919} plus {n}?;a{n};{'xy'[n % 2]}\n" for n in range(200))
    (here / "t.csv").write_text("nr;frage;answer;metadata.kind\n" + rows)
    return here


READ = ("--read", "id=nr", "--read", "columns.frage=vars.question")


def test_a_file_is_shown_as_it_was_understood_and_a_correction_is_followed(call, table):
    guessed = call("dataset", "show", "t.csv", "--json", "-").data
    assert guessed["columns"] == {
        "nr": "vars.nr",
        "frage": "vars.frage",
        "answer": "expected",
        "metadata.kind": "metadata.kind",
    }
    shown = call("dataset", "show", "t.csv", *READ, "--cases", "1").out
    assert "200 cases" in shown and "csv, utf-8, semicolon" in shown and "frage → vars.question" in shown
    assert "kind  x 100, y 100" in shown and '"id":"q0"' in shown
    for wrong, says in (
        ("delimeter=;", 'perhaps "delimiter"'),
        ("format=xml", "format"),
        ("id", "does not say how"),
    ):
        refused = call("dataset", "show", "t.csv", "--read", wrong)
        assert refused.code == 2 and says in refused.err
    assert 'There is no dataset "none.csv"' in call("dataset", "show", "none.csv").err


def test_versions_are_kept_once_and_compared_with_what_is_there_now(call, table):
    first = call(
        "dataset", "save", "t.csv", *READ, "--name", "sums", "--message", "the first", "--json", "-"
    ).data
    assert (first["number"], first["rows"], first["new"]) == (1, 200, True)
    assert "Nothing has changed since sums@1" in call("dataset", "save", "t.csv", *READ, "--name", "sums").out
    text = (table / "t.csv").read_text().replace(";a7;", ";seven;").replace("q9;", "q900;")
    (table / "t.csv").write_text(text)
    assert "Kept sums@2" in call("dataset", "save", "t.csv", *READ, "--name", "sums").out
    diff = call("dataset", "diff", "sums@1", "sums@2", "--json", "-").data
    assert (diff["added"], diff["removed"], diff["changed"], diff["same"]) == (1, 1, 1, 198)
    assert diff["changed_cases"][0]["fields"] == ["expected"]
    assert "Nothing differs" in call("dataset", "diff", f"sha:{first['sha256'][:10]}", "sums@1").out
    listed = call("dataset", "versions").out
    assert listed.index("sums@2") < listed.index("sums@1") and "the first" in listed
    assert call("dataset", "diff", "sums@1", "sums@3").code == 2


def test_a_run_is_pinned_to_cases_that_can_be_compared_with_those_of_today(call, finished, tmp_path):
    [pinned] = call("dataset", "versions", "passes", "--json", "-").data["runs"]
    cases = tmp_path / "today.jsonl"
    rows = (finished.root / "evals" / "passes" / "cases.jsonl").read_text()
    cases.write_text(rows + '{"id": "late", "vars": {"question": "?"}, "expected": "x"}\n')
    assert "1 added, 40 the same" in call("dataset", "diff", f"sha:{pinned['sha256'][:12]}", str(cases)).out
    assert "Nothing differs" in call("dataset", "diff", f"run:{finished.runs['passes']}", "passes").out


def test_a_stratified_split_is_written_down_and_kept(call, table):
    written = call(
        "dataset", "split", "t.csv", *READ, "--by", "kind", "--out", "split.jsonl", "--json", "-"
    ).data
    assert written["by"] == {
        "x": {"train": 80, "dev": 10, "test": 10},
        "y": {"train": 80, "dev": 10, "test": 10},
    }
    again = call("dataset", "split", "split.jsonl", "--json", "-").data
    assert again["counts"] == {"train": 160, "dev": 20, "test": 20}
    assert call("dataset", "split", "t.csv", "--by", "kind").code == 2
    assert call("dataset", "split", "t.csv", "--by", "none", "--out", "o.jsonl").code == 2


def test_what_does_not_fit_is_listed_by_row_and_fails(call, table):
    checked = call("dataset", "check", "t.csv", "--prompt", "weak", "--json", "-")
    assert checked.code == 2 and checked.data["counts"] == {"missing": 200, "extra (warning)": 400}
    assert call("dataset", "check", "t.csv", *READ, "--prompt", "weak").code == 0
    (table / "schema.json").write_text(json.dumps({"properties": {"question": {"maxLength": 18}}}))
    told = call("dataset", "check", "t.csv", *READ, "--prompt", "weak", "--schema", "schema.json")
    assert told.code == 2 and "row 2  q1  error: vars does not fit the schema" in told.out


def test_what_is_trained_on_holds_no_test_case(call, table):
    call("dataset", "split", "t.csv", *READ, "--out", "split.jsonl")
    done = call(
        "dataset", "export", "split.jsonl", "--prompt", "weak", "--out", "train.jsonl", "--json", "-"
    ).data
    rows = [json.loads(line) for line in (table / "split.jsonl").read_text().splitlines()]
    test = {row["vars"]["question"] for row in rows if row["metadata"]["split"] == "test"}
    lines = (table / "train.jsonl").read_text().splitlines()
    assert test and len(lines) == done["written"] > 0
    assert not any(message["content"] in test for line in lines for message in json.loads(line)["messages"])
    refused = call("dataset", "export", "split.jsonl", "--prompt", "weak", "--split", "test")
    assert refused.code == 2 and "cannot be trained on" in refused.err
    assert "needs the prompt" in call("dataset", "export", "t.csv").err


def test_cases_that_ask_the_same_are_listed(call, table):
    rows = [
        {"id": str(n), "vars": {"q": f"How do I reset the password of my account{end}"}}
        for n, end in enumerate("?!")
    ]
    (table / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert call("dataset", "duplicates", "d.jsonl", "--json", "-").data["near"] == [["0", "1"]]


def test_cases_that_mean_the_same_are_listed_by_vectors_that_are_bought_once(call, table, monkeypatch):
    asked = ("Cancel my plan", "I want to end my subscription", "Where is my parcel?")
    (table / "m.jsonl").write_text(
        "".join(json.dumps({"id": f"c{n}", "vars": {"q": q}}) + "\n" for n, q in enumerate(asked))
    )
    vectors = ([3, 1, 0], [6, 2.2, 0.1], [0, 0, 1])  # the first two point the same way, at different lengths
    rows = [{"object": "embedding", "index": n, "embedding": v} for n, v in enumerate(vectors)]
    body = {"object": "list", "model": "e", "data": rows, "usage": {"prompt_tokens": 9, "total_tokens": 9}}
    with serving(body) as (url, calls):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        asking = (
            "dataset",
            "duplicates",
            "m.jsonl",
            "--embedder",
            "openai/text-embedding-3-small",
            "--json",
            "-",
        )
        found = call(*asking).data
        again = call(*asking, "--alike", "0.9999").data
        assert call(*asking, "--alike", "2").code == 2
    assert [group["cases"] for group in found["groups"]] == [["c0", "c1"]]
    assert found["groups"][0]["likeness"] == pytest.approx(20.2 / (10**0.5 * (36 + 4.84 + 0.01) ** 0.5))
    assert found["cost_usd"] == pytest.approx(9 * 0.02e-6)
    assert again["groups"] == [] and len(calls) == 1


def test_a_failing_answer_becomes_a_regression_test_of_the_suite(call, finished, tmp_path, monkeypatch):
    shutil.copytree(finished.root, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    run = finished.runs["passes"]
    added = call("cases", "add", "--from-run", run, "--case", "c1", "--expected", "a1!", "--json", "-").data
    assert (added["case"]["id"], added["case"]["expected"]) == ("c1-regression", "a1!")
    kept = added["case"]["metadata"]
    assert kept["regression"]["output"] == "wrong" and kept["regression"]["prompt"].startswith("weak@")
    assert (kept["tags"], kept["regression"]["failed"]) == (["regression"], ["accuracy"])
    assert call("cases", "add", "--from-run", run, "--case", "c1", "--new", "--id", "mine").code == 0
    assert "1-regression-2" in call("cases", "add", "--from-run", run, "--case", "c1").out
    shown = call("dataset", "show", "passes", "--json", "-").data
    assert (shown["cases"], shown["metadata"]["tags"]) == (43, {"regression": 2})
    assert call("cases", "add", "--from-run", run, "--case", "c1", "--id", "mine").code == 2
    assert call("cases", "add", "--from-run", run, "--case", "none").code == 2
