"""Raters and judges: the figures that PandaLM published, and those that other policies make of the same verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats import inter_rater

from workbench.analysis.agreement import cohen_kappa, credits, judge_accuracy
from workbench.errors import BadInput

PANDALM = Path(__file__).parents[3] / "shared" / "data" / "pandalm" / "testset_judgments.jsonl"
TIE = "0"


@pytest.fixture(scope="module")
def verdicts():
    """The 999 pairs of PandaLM's test set: three people, GPT-3.5 and PandaLM-7B on each."""
    if not PANDALM.exists():
        pytest.skip("the recorded verdicts of PandaLM are not here")
    return [json.loads(line) for line in PANDALM.read_text(encoding="utf-8").splitlines()]


def said(rows, judge):
    return [None if row[judge] == "garbage" else row[judge] for row in rows]


def accuracy(rows, judge, ties, unparsed):
    people = [row["majority"] for row in rows]
    return judge_accuracy(said(rows, judge), people, tie=TIE, ties=ties, unparsed=unparsed)


def test_pandalms_people_agree_as_published(verdicts):
    people = [[row["annotators"][i] for row in verdicts] for i in range(3)]
    found = [cohen_kappa(people[i], people[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert [round(k.kappa, 2) for k in found] == [0.85, 0.88, 0.86]
    table = np.zeros((3, 3))
    np.add.at(table, (people[0], people[1]), 1)
    theirs = inter_rater.cohens_kappa(table)
    assert (found[0].kappa, found[0].se) == pytest.approx((theirs.kappa, theirs.std_kappa), abs=1e-12)
    assert found[0].ci_low <= theirs.kappa_low < theirs.kappa_upp <= found[0].ci_high
    questions = [(row["instruction"], row["input"]) for row in verdicts]
    together = cohen_kappa(people[0], people[1], clusters=questions)
    assert together.kappa == found[0].kappa and together.ci_low <= found[0].ci_low


@pytest.mark.parametrize(
    ("judge", "ties", "unparsed", "percent", "n"),
    [
        ("pandalm7b", "class", "wrong", 66.77, 999),
        ("gpt35", "class", "tie", 71.07, 999),
        ("gpt35", "class", "wrong", 69.77, 999),
        ("gpt35", "class", "dropped", 71.56, 974),
    ],
)
def test_the_published_accuracies_come_out_under_the_policy_that_is_named(
    verdicts, judge, ties, unparsed, percent, n
):
    found = accuracy(verdicts, judge, ties, unparsed)
    assert (round(found.value * 100, 2), found.n, found.n + found.left_out) == (percent, n, 999)
    assert found.ci_low < found.value < found.ci_high and found.ci_high - found.ci_low < 0.07


def test_policies_say_what_becomes_of_ties_and_of_replies_without_a_verdict():
    judge, people = ["1", "0", "1", None, None, "0"], ["1", "1", "0", "0", "2", "0"]

    def of(ties, unparsed):
        found = credits(judge, people, tie="0", ties=ties, unparsed=unparsed)
        return [None if np.isnan(value) else value for value in found]

    assert of("class", "wrong") == [1, 0, 0, 0, 0, 1]
    assert of("class", "tie") == [1, 0, 0, 1, 0, 1]
    assert of("class", "dropped") == [1, 0, 0, None, None, 1]
    assert of("people", "wrong") == [1, 0, None, None, 0, None]
    assert of("any", "tie") == [1, None, None, None, None, None]
    assert of("half", "tie") == [1, 0.5, 0.5, 1, 0.5, 1]
    assert of("half", "wrong") == [1, 0.5, 0.5, 0, 0, 1]
    with pytest.raises(BadInput, match="no policy for ties"):
        of("ignored", "tie")
    with pytest.raises(BadInput, match="No pair is left"):
        judge_accuracy(["1"], ["0"], tie="0", ties="people")


def test_kappas_interval_claims_no_certainty_where_all_agree_and_nothing_where_all_is_one_label():
    agreed = cohen_kappa([1, 2] * 10, [1, 2] * 10)
    assert agreed.kappa == 1 and agreed.ci_low == pytest.approx(1 - 2 * 0.2005, abs=1e-4)
    assert cohen_kappa([1] * 9, [1] * 9).kappa is None
    with pytest.raises(BadInput):
        cohen_kappa([1], [1, 2])


@pytest.mark.parametrize(("kappa", "rates"), [(0.5, (0.85, 0.15)), (0.95, (0.5, 0.5)), (0.8, (0.95, 0.05))])
def test_kappas_interval_holds_the_truth_with_twenty_items(kappa, rates):
    rates = np.array(rates)
    chances = (kappa * np.diag(rates) + (1 - kappa) * np.outer(rates, rates)).ravel()
    draws = np.random.default_rng(4).multinomial(20, chances, 1000)
    held = []
    for counts in draws:
        pairs = np.repeat(np.arange(4), counts)
        found = cohen_kappa((pairs // 2).tolist(), (pairs % 2).tolist())
        held.append(found.kappa is None or found.ci_low <= kappa <= found.ci_high)
    assert np.mean(held) > 0.94
