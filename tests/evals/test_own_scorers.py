"""Scorers of one's own run only where allowed, without keys, and harm no more than their own cell."""

from __future__ import annotations

import os

import pytest
from support.scoring import case

from workbench.cli.entry import call
from workbench.errors import BadInput, SuiteError
from workbench.evals.own.allowed import admit_run, allow_code
from workbench.evals.plan import spec_from_dict
from workbench.evals.scorers import build_scorer
from workbench.evals.suite import load_suite
from workbench.evals.types import ScoringInput
from workbench.files import dump_yaml
from workbench.llm.types import Completion

CODE = '''
import os, sys, time
from workbench import scorer

@scorer
def polite(output, expected, least=1):
    """Docs."""
    found = output.count("please")
    return {"value": min(1.0, found / least), "passed": found >= least, "reason": f"{found} of {least}"}

@scorer
def yes(output): return "yes" in output

@scorer
def half(): return 0.5

@scorer
def unknown(): return None

@scorer
def raising(output): raise RuntimeError("no such thing")

@scorer
def leaving(output): sys.exit(3)

@scorer
def dying(output): os._exit(1)

@scorer
def slow(output): time.sleep(60)

@scorer
def hungry(output): return len("x" * 3_000_000_000) * 0.0

@scorer
def chatty(output):
    print("x" * 1_000_000)
    sys.stderr.write("y" * 1_000_000)
    return {"value": 1, "reason": "z" * 10_000_000}

@scorer
def outside(output): return 7

@scorer
def nonsense(output): return ["a"]

@scorer
def keys(output): return {"value": 1, "reason": ",".join(sorted(n for n in os.environ if "KEY" in n or "CONFIG" in n))}

@scorer
def writing(output):
    with open(output, "w") as stream:
        stream.write("harm")
    return 1
'''


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CONFIG", str(tmp_path / "mine"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    root = tmp_path / "ws"
    (root / "evals" / "s").mkdir(parents=True)
    (root / "evals" / "scorers.py").write_text(CODE)
    return root


def suite(root, *entries):
    data = {"cases": [{"id": "a", "vars": {"q": 1}}], "scorers": list(entries)}
    (root / "evals" / "s" / "suite.yaml").write_text(dump_yaml(data))
    return load_suite(root / "evals" / "s", root=root)


def own(function, **more):
    return {"type": "own", "file": "../scorers.py", "function": function, **more}


def scored(root, entry, output="please"):
    spec = spec_from_dict(suite(root, entry).scorers[0].to_dict())
    return build_scorer(spec).score(ScoringInput(output, case("x"), Completion(text=output)))


def test_code_runs_only_where_a_person_allowed_it_and_no_longer_when_it_is_taken_back(workspace, tmp_path):
    (workspace / ".workbench").mkdir()
    (workspace / ".workbench" / "code-allowed.json").write_text(f'["{workspace}"]')
    with pytest.raises(SuiteError, match="may not run code") as refused:
        suite(workspace, "exact", own("half"))
    assert "line" in str(refused.value) and "workbench allow-code" in str(refused.value)
    assert call("allow-code", ["--workspace", str(workspace)]) == 0
    found = suite(workspace, own("half"))
    assert scored(workspace, own("half")).value == 0.5
    admit_run(found.scorers, workspace)
    assert call("allow-code", ["--off", "--workspace", str(workspace)]) == 0
    with pytest.raises(SuiteError, match="may not run code"):
        suite(workspace, own("half"))
    with pytest.raises(BadInput, match="may not run code"):
        admit_run(found.scorers, workspace)
    with pytest.raises(BadInput, match="may not run code"):
        group = suite_of_group(found)
        admit_run([group], workspace)


def suite_of_group(found):
    from workbench.evals.types import ScorerSpec

    return ScorerSpec("all", "g", params={"of": [found.scorers[0].to_dict()]})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (own("half", source="print(1)"), "code does not belong in a suite"),
        (own("half", file="../../../x.py"), "leads out of the workspace"),
        (own("half", file="../../x.py"), "in the workspace's evals folder"),
        (own("half", file="suite.yaml"), "in the workspace's evals folder"),
        (own("half", file="none.py"), "no such file of scorers"),
        ({"all": [own("half", source="1")]}, "code does not belong in a suite"),
    ],
)
def test_code_comes_from_a_file_under_evals_only(workspace, entry, says):
    allow_code(workspace, True)
    with pytest.raises(SuiteError) as refused:
        suite(workspace, entry)
    assert says.lower() in str(refused.value).lower()


def test_code_in_a_plan_that_was_not_let_in_does_not_run(workspace):
    entry = {
        "type": "own",
        "name": "o",
        "file": "x.py",
        "source": "from workbench import scorer\n@scorer\ndef f(): return 1",
    }
    score = build_scorer(spec_from_dict(entry)).score(ScoringInput("a", case(), Completion(text="a")))
    assert score.value is None and "may not run code" in score.error


def test_what_a_function_returns_is_the_score(workspace):
    allow_code(workspace, True)
    polite = scored(workspace, own("polite", params={"least": 2}))
    assert (polite.value, polite.passed, polite.reason) == (0.5, False, "1 of 2")
    yes = scored(workspace, own("yes"))
    assert (yes.value, yes.passed) == (0.0, False)
    unknown = scored(workspace, own("unknown"))
    assert (unknown.value, unknown.passed, unknown.error) == (None, None, None)
    assert scored(workspace, own("half", threshold=0.5)).passed is True


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("raising", "RuntimeError: no such thing"),
        ("leaving", "SystemExit"),
        ("dying", "its process crashed"),
        ("slow", "did not finish within 0.5 seconds"),
        ("hungry", "out of memory"),
        ("outside", "outside 0 to 1"),
        ("nonsense", "TypeError"),
        ("missing", "no scorer missing"),
    ],
)
def test_a_fault_is_the_error_of_its_cell_and_the_next_cell_is_scored(workspace, function, says):
    allow_code(workspace, True)
    score = scored(workspace, own(function, timeout_s=0.5 if function == "slow" else 20))
    assert score.value is None and says in score.error
    assert scored(workspace, own("half")).value == 0.5


def test_it_knows_no_keys_prints_nowhere_and_writes_nothing(workspace, tmp_path):
    allow_code(workspace, True)
    assert scored(workspace, own("keys")).reason == ""
    assert scored(workspace, own("chatty")).reason == "z" * 500
    target = tmp_path / "harmed"
    if os.name == "posix":
        assert scored(workspace, own("writing"), str(target)).error
        assert not target.exists() or target.read_text() == ""


def test_a_changed_file_is_another_suite_and_is_run_anew_while_a_run_keeps_its_own(workspace):
    allow_code(workspace, True)
    before = suite(workspace, own("half"))
    (workspace / "evals" / "scorers.py").write_text(CODE.replace("return 0.5", "return 0.25"))
    after = suite(workspace, own("half"))
    assert before.sha256 != after.sha256
    cell = ScoringInput("a", case(), Completion(text="a"))
    assert [build_scorer(s.scorers[0]).score(cell).value for s in (before, after)] == [0.5, 0.25]
