"""One command looks over all files; suites take only listed variables from the environment."""

from __future__ import annotations

import json
import time

import pytest
from support.small_workspace import write_prompt

from workbench.cli.entry import call
from workbench.errors import WorkbenchError
from workbench.evals.suite import load_suite

SUITE = "prompts: [good]\nmodels: [offline/rules]\nscorers: [exact]\ncases:\n  - {vars: {question: a}, expected: b}\n"


def add(root, name, text):
    folder = root / "evals" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.yaml").write_text(text)
    return folder


def test_every_finding_has_its_file_line_and_severity_in_every_format(tmp_path, capsys):
    write_prompt(tmp_path, "good")
    add(tmp_path, "fine", SUITE)
    assert call("lint", ["--workspace", str(tmp_path)]) == 0
    assert "0 errors" in capsys.readouterr().out
    add(tmp_path, "typo", SUITE.replace("[exact]", "[exakt]"))
    add(tmp_path, "unfit", SUITE.replace("question: a", "other: a"))
    add(tmp_path, "broken", "scorers: [\n")
    assert call("lint", ["--workspace", str(tmp_path), "--format", "json"]) == 2
    found = {row["file"].split("/")[1]: row for row in json.loads(capsys.readouterr().out)}
    assert found.keys() >= {"typo", "unfit", "broken"} and "fine" not in found
    assert (found["typo"]["line"], found["typo"]["severity"]) == (3, "error")
    assert "question" in found["unfit"]["message"]
    assert call("lint", ["typo", "--workspace", str(tmp_path), "--format", "json"]) == 2
    assert [row["file"] for row in json.loads(capsys.readouterr().out)] == ["evals/typo/suite.yaml"]
    for name, code in (("fine", 0), ("good", 0), ("nothing", 2)):
        assert call("lint", [name, "--workspace", str(tmp_path)]) == code
    capsys.readouterr()
    call("lint", ["--workspace", str(tmp_path), "--format", "github"])
    assert "::error file=evals/typo/suite.yaml,line=3::" in capsys.readouterr().out
    call("lint", ["--workspace", str(tmp_path)])
    assert "evals/typo/suite.yaml:3: error: " in capsys.readouterr().out


def test_only_listed_variables_that_are_no_secrets_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVER", "http://localhost:9")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    text = SUITE.replace("offline/rules", '{id: openai/x, api_base: "${SERVER}/v1"}')
    suite = load_suite(add(tmp_path, "s", "env: [SERVER]\n" + text), root=tmp_path)
    assert suite.models[0].api_base == "http://localhost:9/v1"
    for env, change, says in (
        ("env: [OPENAI_API_KEY]\n", "", "looks like a secret"),
        ("env: [SERVER]\n", "description: ${HOME}\n", "HOME is not listed"),
        ("env: [NOT_SET_ANYWHERE]\n", "", "is not set"),
        ("env: [a b]\n", "", "names of environment variables"),
    ):
        with pytest.raises(WorkbenchError, match=says):
            load_suite(add(tmp_path, "s", env + change + text), root=tmp_path)
    assert (
        load_suite(add(tmp_path, "s", "description: ${HOME}\n" + SUITE), root=tmp_path).description
        == "${HOME}"
    )


GROUP = "{all: [exact]}"
for _ in range(12):
    GROUP = "{all: [" + GROUP + "]}"
ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)
HOSTILE = {
    "regex that is huge": SUITE.replace("[exact]", "[{type: regex, pattern: '(a{1000}){1000}{1000}'}]"),
    "regex that is broken": SUITE.replace("[exact]", "[{type: exact, extract: '((((('}]"),
    "aliases": ALIASES + SUITE,
    "an alias to itself": "x: &x [*x]\n" + SUITE,
    "a huge number": SUITE + f"repeats: {'9' * 5000}\n",
    "a huge threshold": SUITE.replace("[exact]", "[{type: exact, threshold: 1e400}]"),
    "not a number": SUITE.replace("[exact]", "[{type: exact, weight: .nan}]"),
    "cases outside": SUITE.split("cases:")[0] + "cases: ../../../../etc/passwd\n",
    "an include outside": SUITE + "include: /etc/passwd\n",
    "an include of itself": SUITE + "include: suite.yaml\n",
    "outputs outside": SUITE.replace("offline/rules", "{id: recorded/x, outputs: ../../../x.jsonl}"),
    "code": SUITE.replace("[exact]", "[{type: own, file: suite.py, source: 'import os'}]"),
    "a Python tag": SUITE + "description: !!python/object/apply:os.system [ls]\n",
    "a formula that computes for ever": SUITE + "derived: {d: '" + "9**" * 200 + "exact'}\n",
    "a formula with attributes": SUITE + "derived: {d: exact.__class__}\n",
    "groups in groups": SUITE.replace("[exact]", f"[{GROUP}]"),
    "brackets": "x: " + "[" * 5000 + "\n" + SUITE,
    "a step that is code": SUITE + "transform: [{python: 'x'}]\n",
    "a key": SUITE.replace("offline/rules", "{id: openai/x, params: {api_key: sk-1}}"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_suite_is_refused_at_once_with_one_sentence(name, tmp_path):
    (tmp_path / "evals" / "s").mkdir(parents=True)
    (tmp_path / "evals" / "s" / "suite.py").write_text("open('harm', 'w')")
    started = time.process_time()
    with pytest.raises(WorkbenchError) as refused:
        load_suite(add(tmp_path, "s", HOSTILE[name]), root=tmp_path)
    assert time.process_time() - started < 2
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 600


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$"])
def test_a_pattern_that_would_never_end_is_an_error_of_its_cell_within_seconds(pattern, tmp_path):
    from support.scoring import score

    started = time.monotonic()
    found = score({"type": "regex", "pattern": pattern, "mode": "full"}, "a" * 5000 + "!")
    assert time.monotonic() - started < 10 and (found.error or found.passed is False)
