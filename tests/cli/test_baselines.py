"""``workbench baseline``: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json

from support.small_workspace import write_prompt, write_suite


def held(root):
    """A suite whose gate holds against a file."""
    write_prompt(root, "weak")
    write_suite(root, "held", {"weak": set(range(200))}, cases=240)
    path = root / "evals" / "held" / "suite.yaml"
    gate = {"metric": "accuracy", "margin": 0.05}
    path.write_text(json.dumps({**json.loads(path.read_text()), "gate": gate}))


def test_a_run_is_approved_shown_held_against_and_removed(call, here):
    held(here)
    first = call("run", "held", "--json", "-")
    assert first.code == 0 and first.data["gate"] is None
    assert "This run has no gate" in first.err and "workbench baseline set RUN" in first.err
    assert call("run", "held", "--gate").code == 2

    approved = call("baseline", "set", first.data["run"], "--why", "read by hand", "--json", "-")
    assert approved.code == 0
    assert (approved.data["approved"]["by"], approved.data["approved"]["why"]) == ("Ada", "read by hand")
    assert "cases" not in approved.data and approved.data["file"].endswith("evals/held/baseline.json")
    shown = call("baseline", "show", "held")
    assert "approved by Ada" in shown.out and "accuracy: 83.3 %" in shown.out

    judged = call("run", "held", "--gate")
    assert judged.code == 0, judged.err
    assert "against the baseline weak@1 on recorded/m" in " ".join(judged.out.split())
    assert call("baseline", "remove", "held").code == 0
    assert call("baseline", "show", "held").code == 2


def test_what_cannot_be_approved_is_refused_in_a_sentence(call, finished):
    several = call("baseline", "set", finished.runs["passes"])
    assert several.code == 2 and "several prompts" in several.err
    holes = call("baseline", "set", finished.runs["holes"])
    assert holes.code == 2 and "answers of weak@1 are missing" in holes.err
    assert call("baseline", "show", "passes").code == 2
    assert call("baseline", "set", "nowhere").code == 2
