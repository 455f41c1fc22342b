"""A dataset is never held in memory: what is kept of each case does not grow with its text."""

from __future__ import annotations

import json
import tracemalloc

import numpy  # noqa: F401  so that its own memory is not counted

from workbench.evals.datasets import CaseSource, open_cases
from workbench.evals.datasets.fit import Asked, check_cases
from workbench.evals.datasets.splits import DEFAULT_SHARES, Stratifier
from workbench.prompts.content import Prompt, PromptMessage

ROWS, LENGTH = 20_000, 600


def test_twenty_thousand_rows_are_read_checked_and_split_in_a_fraction_of_their_size(tmp_path):
    path = tmp_path / "big.jsonl"
    with path.open("w") as out:
        for number in range(ROWS):
            row = {
                "id": f"case {number}",
                "vars": {"q": f"{number} " * (LENGTH // 6)},
                "metadata": {"t": number % 7},
            }
            out.write(json.dumps(row) + "\n")
    asked = Asked({"p": Prompt("p", (PromptMessage("user", "{{q}}"),))})
    stream, stratifier = open_cases(CaseSource(str(path))), Stratifier(DEFAULT_SHARES, by="t")

    def each():
        for case in stream:
            stratifier.add(case)
            yield case

    tracemalloc.start()
    try:
        fit = check_cases(each(), asked)
        splits = stratifier.assign()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (fit.rows, fit.ok, len(splits)) == (ROWS, True, ROWS)
    # The texts alone are 12 MB; a set of ids in 64 bits each and a few arrays are about a third of that.
    assert peak < 6_000_000 < path.stat().st_size
