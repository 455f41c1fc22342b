"""BIG-Bench Hard, chain of thought against direct answers: p of every task, and which stay established together."""

from __future__ import annotations

import pytest
from scipy import stats
from support.real_data import data_folder, rows

from workbench.analysis import paired


def _answer(text: str) -> str:
    return text.split("the answer is ")[-1].strip().removesuffix(".")


@pytest.fixture(scope="module")
def discordant() -> dict[str, tuple[int, int]]:
    """Task → cases that only chain of thought, and that only the direct answer, solves."""
    folder = data_folder("bbh")
    right = [
        {(r["task"], r["i"]): _answer(r["prediction"]) == r["target"].strip() for r in rows(folder / name)}
        for name in ("outputs_direct.jsonl", "outputs_cot.jsonl")
    ]
    tasks = sorted({task for task, _ in right[0]})
    return {
        task: (
            sum(right[1][k] and not right[0][k] for k in right[0] if k[0] == task),
            sum(right[0][k] and not right[1][k] for k in right[0] if k[0] == task),
        )
        for task in tasks
    }


def test_every_tasks_exact_p_is_that_of_scipy_and_statsmodels(discordant):
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    for wins, losses in discordant.values():
        exact = paired.mcnemar_exact(wins, losses)
        assert exact == pytest.approx(stats.binomtest(wins, wins + losses).pvalue, rel=1e-9)
        assert exact == pytest.approx(tables.mcnemar([[0, losses], [wins, 0]], exact=True).pvalue, rel=1e-9)
        assert paired.mcnemar_midp(wins, losses) < exact
    assert paired.mcnemar_exact(0, 0) == 1.0


def test_seven_of_nine_tasks_stay_established_after_correction(discordant):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    names = list(discordant)
    for p in (paired.mcnemar_exact, paired.mcnemar_midp):
        alone = [p(*discordant[name]) for name in names]
        adjusted = paired.holm(alone)
        assert adjusted == pytest.approx(multitest.multipletests(alone, method="holm")[1])
        lost = {n for n, q in zip(names, adjusted, strict=True) if q >= 0.05}
        assert lost == {"boolean_expressions", "snarks"}
        assert {n for n in names if discordant[n][0] < discordant[n][1]} - lost == {"word_sorting"}
