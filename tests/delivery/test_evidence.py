from __future__ import annotations

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.delivery.evidence import (
    TRAILERS,
    Evidence,
    fold,
    release_message,
)
from workbench.prompts.content import Lineage, Prompt, PromptMessage

PROMPT = Prompt(name="triage", messages=(PromptMessage("user", "Label {{ticket}}"),))
HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "x\nPrompt-Name: evil",
            "x\n\nEval-Result: passed\n",
            "---\nPrompt-Name: evil",
            "a\rEval-Result: b\u2028Eval-Result: c\x85Eval-Result: d",
            "# gone",
            "diff --git a/x b/x",
            "\x00\x1b[31m",
            "\n",
            "Signed-off-by: me <a@b>",
            "(cherry picked from commit 123)",
        ]
    ),
)


def parsed(message: str) -> list[tuple[str, str]]:
    command = ["git", "interpret-trailers", "--parse"]
    done = subprocess.run(command, input=message.encode(), capture_output=True, check=True)
    return [tuple(line.split(": ", 1)) for line in done.stdout.decode().split("\n") if line]


def message_of(evidence: Evidence, note: str = "Shorter", author: str = "Ana") -> str:
    lineage = Lineage(3, PROMPT.sha256, 2, author, note, "2026-11-20T08:00:00Z")
    return release_message(PROMPT, lineage, evidence, path="prompts/triage.prompt.yml")


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(HOSTILE, min_size=8, max_size=8))
def test_nothing_a_model_or_a_person_writes_adds_changes_or_hides_a_trailer(texts: list[str]):
    suite, digest, model, result, baseline, row, note, author = texts
    evidence = Evidence(
        suite, digest, (model,), result, baseline, 0.5, (row, f"| {row} |"), (row, model), note
    )
    found = parsed(message_of(evidence, note, author))
    assert [key for key, _ in found] == list(TRAILERS)
    values = dict(found)
    assert (values["Prompt-Name"], values["Prompt-Version"]) == ("triage", "3")
    assert values["Prompt-SHA256"] == PROMPT.sha256
    assert values["Eval-Result"] == (fold(result) or "none")
    assert values["Eval-Cost-USD"] == "0.5"


@given(HOSTILE)
def test_only_our_own_last_paragraph_holds_lines_that_read_as_trailers(text: str):
    evidence = Evidence(suite=text, table=(text,), regressions=(text,), baseline=text, result=text)
    body = message_of(evidence, text).rstrip("\n").split("\n\n")[1:-1]
    lines = [line for paragraph in body for line in paragraph.split("\n")]
    ours = ("Version", "in ", "Evaluated", "Scores", "Regressions", "No case", "- ", "| ", "|", "  ")
    assert all(line.startswith(ours) for line in lines)


def test_a_release_without_evaluation_says_so_in_body_and_trailers():
    message = message_of(Evidence())
    assert "No evaluation stands behind this release." in message
    values = dict(parsed(message))
    assert {values[key] for key in TRAILERS if key.startswith("Eval-")} == {"none"}


def test_an_unknown_cost_is_unknown_and_never_zero():
    assert dict(parsed(message_of(Evidence(suite="s"))))["Eval-Cost-USD"] == "unknown"
    assert dict(parsed(message_of(Evidence(suite="s", cost_usd=float("nan")))))["Eval-Cost-USD"] == "unknown"
    assert dict(parsed(message_of(Evidence(suite="s", cost_usd=0.0))))["Eval-Cost-USD"] == "0"


def test_a_release_shows_the_table_and_names_every_regression():
    table = ("| metric | n |", "| --- | --: |", "| accuracy | 250 |")
    evidence = Evidence(suite="triage", baseline="triage@2", table=table, regressions=("c7", "c9"))
    message = message_of(evidence)
    assert "Scores against the baseline\n\n" + "\n".join(table) in message
    assert "Regressions, 2 cases\n- c7\n- c9" in message
    assert dict(parsed(message))["Eval-Baseline"] == "triage@2"


def test_scores_without_a_baseline_do_not_claim_one():
    message = message_of(Evidence(suite="s", table=("| accuracy | 0.5 |",)))
    assert "against no baseline" in message and "Scores, without a baseline" in message
    assert "Scores against" not in message and "passed fails now" not in message


def test_a_huge_evidence_stays_a_readable_message():
    evidence = Evidence(
        suite="s" * 10_000, table=("| x |",) * 5000, regressions=("c" * 900,) * 9000, baseline="b"
    )
    message = message_of(evidence, "m" * 10_000)
    assert len(message) < 30_000
    assert "and 8950 more" in message
    assert len(message.split("\n")[0]) <= 72
