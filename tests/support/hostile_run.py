"""A run in which every text that somebody else wrote tries to be more than text."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

from support.real_data import write_prompt, write_rows, write_suite
from workbench.jobs import process, worker
from workbench.workspace import Workspace

OUTPUTS = [
    "<script>alert(1)</script>",
    "]]></system-out><failure/>",
    "::error file=a.py::owned",
    '=HYPERLINK("http://evil.example","x")',
    "\x1b[31mred\x00\x08\u202eback\ufffe",
    "<img src=x onerror=alert(1)> | a | b |\n\n# Heading\n@everyone",
    "x" * 1_000_000,
    "</textarea></details></table><svg onload=alert(1)>",
    "${7*7} {{x}} '); DROP TABLE runs;--",
    "%0A::warning::x",
]
CASES = [
    "plain",
    "=1+1",
    "<b>bold</b>",
    "::error::case",
    "a|b `c` _d_",
    "-- ]]> &amp;",
    "@maintainers",
    "+cmd|' /C calc'!A0",
    "\"quoted', comma",
    "%0Aline",
]
MODEL = "m<script>alert(2)</script>,=x"
ERROR = "<script>alert(3)</script>\n::error::from the provider"


def hostile_workspace(root: Path) -> tuple[Workspace, str]:
    """Make a workspace with one finished run: versions ``a`` (all right but one error) and ``b`` (all hostile)."""
    for name in ("a", "b"):
        write_prompt(root, name, f"{name}: </script><script>alert(4)</script> {{{{thing}}}}")
    cases = [
        {
            "id": case,
            "vars": {"thing": OUTPUTS[n % 6]},
            "expected": f"right {n}",
            "metadata": {"kind": f"<i>{n % 2}</i>"},
        }
        for n, case in enumerate(CASES)
    ]
    suite: dict[str, Any] = {
        "description": "<script>alert(5)</script>",
        "prompts": ["a", "b"],
        "models": [{"id": "recorded/m", "label": MODEL, "outputs": "outputs_{prompt}.jsonl"}],
        "scorers": [{"type": "exact", "name": "accuracy"}],
        "slices": ["kind"],
        "gate": {"baseline": "a", "candidate": "b", "metric": "accuracy", "margin": 0.02},
    }
    folder = write_suite(root, "hostile", suite, cases)
    rows: list[dict[str, Any]] = [{"id": case, "output": f"right {n}"} for n, case in enumerate(CASES)]
    write_rows(folder / "outputs_a.jsonl", rows)
    rows = [
        {"id": case, "output": OUTPUTS[n], "cost_usd": 0.001, "latency_s": 0.5}
        for n, case in enumerate(CASES)
    ]
    rows[-1] |= {"output": "", "error": ERROR}
    write_rows(folder / "outputs_b.jsonl", rows)
    workspace = Workspace.open(root)
    here = mock.patch.object(process, "launch", lambda root, state, run: worker.main([str(root), run]))
    with here:
        record = workspace.runs.start("hostile")
    return workspace, record.id
