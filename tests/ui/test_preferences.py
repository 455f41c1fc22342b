"""The Runs page tells what a comparing judge prefers, from what was recorded of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest
from support.app_page import said, settled
from support.recorded_runs import colours_workspace, right, run_colours

from workbench.workspace.pair_import import import_pairs

Open = Callable[..., AppTest]


def test_a_run_tells_win_rate_and_effect_of_order(tmp_path: Path, open_screen: Open) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(6), "careful": right(6)})
    folder = ws.root / "evals" / "colours"
    suite = ws.suites.load("colours")
    names = [f"{name}@1" for name in suite.prompts]
    rows = [
        {"id": case.id, "first": a, "second": b, "output": "B" if b == "careful@1" else "A"}
        for case in suite.dataset.cases
        for a, b in (names, names[::-1])
    ]
    (folder / "judge.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    judge = {"id": "recorded/judge", "outputs": "judge.jsonl"}
    file = folder / "suite.yaml"
    added = f"  - {{type: pairwise, name: better, judge: {json.dumps(judge)}}}\n"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("scorers:\n", "scorers:\n" + added, 1), encoding="utf-8")
    run = run_colours(ws)
    at = settled(open_screen(ws, "runs", run=run))
    text = said(at)
    assert "better: careful@1 is preferred to plain@1 in 100.0 % (95 %:" in text, text
    assert "12 won, 0 tied, 0 lost" in text and "both orders agreed on 100 % of pairs" in text
    sides = {"a": f"{run}:plain@1", "b": f"{run}:careful@1"}
    at = settled(open_screen(ws, "compare", **sides))
    assert "better: careful@1 is preferred to plain@1 in 100.0 % (95 %:" in said(at) and "people" not in said(
        at
    )
    # What people say is told at once, though nothing of the run itself has changed.
    cases = [case.id for case in suite.dataset.cases]
    choices = [{"case": c, "first": names[0], "second": names[1], "winner": names[0]} for c in cases]
    chosen = tmp_path / "chosen.jsonl"
    chosen.write_text("\n".join(map(json.dumps, choices)), encoding="utf-8")
    import_pairs(ws, run, chosen, rater="ann")
    text = said(settled(open_screen(ws, "compare", **sides)))
    assert "people: careful@1 is preferred to plain@1 in 0.0 %" in text, text
    assert "better: it chooses what people choose in" in text
    ws.close()
