"""``workbench baseline``: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json
import shutil

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


def test_a_run_is_compared_with_a_baseline_whose_own_run_is_gone(call, here):
    held(here)
    first = call("run", "held", "--json", "-").data["run"]
    file = call("baseline", "set", first, "--json", "-").data["file"]
    again = call("compare", first, "--baseline", file, "--margin", 0.05, "--json", "-")
    assert (again.code, again.data["verdict"], again.data["metrics"][0]["n"]) == (0, "equivalent", 240)

    shutil.rmtree(here / ".workbench")
    write_suite(here, "held", {"weak": set(range(20, 200))}, cases=240)
    worse = call("run", "held", "--json", "-").data["run"]
    found = call("compare", f"{worse}:weak", "--baseline", file, "--json", "-")
    assert (found.code, found.data["verdict"]) == (0, "worse")
    assert found.data["metrics"][0]["diff"] == -20 / 240
    assert set(found.data["regressions"]) == {f"c{n}" for n in range(20)}
    shown = " ".join(call("compare", worse, "--baseline", file).out.split())
    assert "weak@1 is worse than the baseline weak@1 on recorded/m" in shown
    assert call("compare", worse, worse, "--baseline", file).code == 2
    assert call("compare", worse, "--baseline", file, "--metric", "beauty").code == 2


def test_a_baseline_that_does_not_fit_a_run_is_refused_with_the_reason(call, here):
    held(here)
    run = call("run", "held", "--json", "-").data["run"]
    file = here / "evals" / "held" / "baseline.json"
    call("baseline", "set", run)
    text = file.read_text()
    file.write_text(text.replace('"c7"', '"c7b"'))
    changed = call("compare", run, "--baseline", file)
    assert changed.code == 2 and "its checksum does not fit" in changed.err
    file.write_text(text)

    path = here / "evals" / "held" / "suite.yaml"
    suite = json.loads(path.read_text())
    path.write_text(json.dumps({**suite, "scorers": [{"type": "contains", "name": "accuracy"}]}))
    other = call("run", "held", "--json", "-").data["run"]
    scored = call("compare", other, "--baseline", file)
    assert scored.code == 2 and '`type` of accuracy was "exact" and is "contains"' in scored.err
    write_suite(here, "held", {"weak": set(range(200))}, cases=230)
    fewer = call("compare", call("run", "held", "--json", "-").data["run"], "--baseline", file)
    assert fewer.code == 2 and "approved on other cases" in fewer.err
