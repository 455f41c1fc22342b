"""What a run's answers have together is shown with the run."""

from __future__ import annotations

import json


def test_show_has_the_corpus_value_of_all_answers_with_n_and_what_is_missing(call, here):
    expected = {"a": "the cat sat on the mat", "b": "one two three four", "c": "never answered"}
    answers = {"a": "the cat is on the mat", "b": "one"}
    folder = here / "evals" / "speech"
    folder.mkdir(parents=True)
    cases = [{"id": key, "vars": {"question": key}, "expected": text} for key, text in expected.items()]
    rows = [json.dumps({"id": key, "output": text}) for key, text in answers.items()]
    (folder / "answers.jsonl").write_text("\n".join(rows))
    suite = {
        "prompts": ["weak"],
        "models": [{"id": "recorded/heard", "outputs": "answers.jsonl"}],
        "cases": cases,
        "scorers": ["wer", "exact"],
    }
    (folder / "suite.yaml").write_text(json.dumps(suite))
    run = call("run", "speech", "--json", "-").data["run"]

    said = call("show", run).out

    [line] = [line for line in said.splitlines() if "less is better" in line]
    assert line.split()[-4:] == ["0.4000", "2", "(1", "missing)"]  # 1 + 3 errors in 6 + 4 words
    assert "corpus" not in said and "exact (less" not in said
    [row] = call("show", run, "--json", "-").data["corpus"]
    assert (row["scorer"], row["value"], row["n"], row["missing"]) == ("wer", 0.4, 2, 1)
    for kind, name, cell in (
        ("markdown", "r.md", "| wer (less is better) | 0.4000 | 2 (1 missing) |"),
        ("html", "r.html", ">0.4000</td>"),
    ):
        call("report", run, "-f", f"{kind}={here / name}")
        text = (here / name).read_text()
        assert cell in text and "Over all answers" in text
