"""The Runs page tells what a comparing judge prefers, from what was recorded of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest
from support.app_page import said, settled
from support.recorded_runs import colours_workspace, right, run_colours

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
    at = settled(open_screen(ws, "runs", run=run_colours(ws)))
    text = said(at)
    assert "better: careful@1 is preferred to plain@1 in 100.0 % (95 %:" in text, text
    assert "12 won, 0 tied, 0 lost" in text and "both orders agreed on 100 % of pairs" in text
    ws.close()
