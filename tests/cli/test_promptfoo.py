"""promptfoo configs on the command line: run as they are, refused before anything is asked, and written back."""

from __future__ import annotations

import pytest
from support.openai_server import OpenAIServer

from workbench.evals.scorers import build_scorer, score_completion
from workbench.files import dump_yaml, load_yaml
from workbench.llm.types import Completion
from workbench.prompts.templates import render
from workbench.workspace.promptfoo import import_config

CONFIG = {
    "prompts": [
        "Say {{word}}",
        '[{"role": "system", "content": "Be {{word}}"}, {"role": "user", "content": "Hi"}]',
    ],
    "providers": ["echo"],
    "defaultTest": {"assert": [{"type": "contains", "value": "{{word}}"}]},
    "tests": [
        {
            "vars": {"word": ["a", "b"]},
            "assert": [{"type": "equals", "value": "Say {{word}}", "metric": "whole"}],
        }
    ],
}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Write a config into a folder that is no workspace, and stand in it."""

    def written(**changed):
        path = tmp_path / "promptfooconfig.yaml"
        path.write_text(dump_yaml({**CONFIG, **changed}), "utf-8")
        monkeypatch.chdir(tmp_path)
        return path

    return written


def test_a_config_just_runs_where_there_is_no_workspace_yet(call, config):
    config()
    done = call("run", "promptfooconfig.yaml", "--json", "-")
    assert done.code == 0
    means = {(row["prompt"], row["scorer"]): row["mean"] for row in done.data["results"]}
    assert done.data["cells"]["planned"] == 4
    assert (means["prompt-1", "contains"], means["prompt-1", "whole"]) == (1.0, 1.0)
    assert (means["prompt-2", "contains"], means["prompt-2", "whole"]) == (1.0, 0.0)


def test_what_cannot_be_honoured_is_listed_by_line_and_nothing_is_asked_until_someone_agrees(call, config):
    path = config(tests=[{"assert": [{"type": "javascript", "value": "process.exit()"}]}], prompts=["Hi"])
    refused = call("run", path)
    assert refused.code == 2
    assert "promptfooconfig.yaml:11: the assertion `javascript` is left out" in refused.err
    assert call("runs", "--json", "-").data == []
    assert call("run", path, "--dry-run").code == 0
    assert call("run", path, "--accept-losses").code == 0


def test_lint_lists_the_same_and_asks_nobody(call, config):
    path = config(extensions=["file://x.js"])
    looked = call("lint", path, "--format", "json")
    assert looked.code == 0
    assert [(r["file"], r["severity"]) for r in looked.data] == [("promptfooconfig.yaml", "warning")]
    assert call("lint", path.with_name("gone.yaml")).code == 2


def test_a_suite_comes_back_from_promptfoo_with_the_same_messages_and_scores(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "ask.prompt.yml").write_text(
        'messages:\n- {role: system, content: "Be brief about {{topic}} {{n}}"}\n- {role: user, content: "{{q}}"}\n'
    )
    suite = {
        "prompts": ["ask"],
        "models": [
            {"id": "openai/gpt-5-mini", "params": {"temperature": 0}, "label": "small"},
            "offline/echo",
        ],
        "cases": [
            {"id": "one", "vars": {"topic": "ü", "n": [1, 2], "q": "a {{b}}"}, "expected": "yes"},
            {"id": "two", "vars": {"topic": "x", "n": {"k": "v"}, "q": "c"}, "expected": "no"},
        ],
        "scorers": [
            {"type": "exact", "strip": False, "name": "right"},
            {"type": "icontains", "value": ["YES", "no"], "weight": 2},
            {"all": [{"type": "json"}, {"type": "regex", "pattern": "^y"}], "name": "both"},
            {"type": "fuzzy", "threshold": 0.5},
        ],
    }
    (tmp_path / "evals" / "s").mkdir(parents=True)
    (tmp_path / "evals" / "s" / "suite.yaml").write_text(dump_yaml(suite))

    done = call("export", "s", "--to", "promptfoo", "-o", "promptfooconfig.yaml")
    assert done.code == 0
    assert "{% raw %}a {{b}}{% endraw %}" in (tmp_path / "promptfooconfig.yaml").read_text("utf-8")
    assert 'the scorer "fuzzy" is left out' in done.err
    written = load_yaml((tmp_path / "promptfooconfig.yaml").read_text("utf-8")).data
    assert written["providers"] == [
        {"id": "openai:chat:gpt-5-mini", "label": "small", "config": {"temperature": 0}},
        "echo",
    ]

    back = import_config(tmp_path / "promptfooconfig.yaml").suite
    [prompt] = back.own_prompts.values()
    first, second = back.dataset.cases
    assert [m["content"] for m in render(prompt, second.vars)] == ['Be brief about x {"k":"v"}', "c"]
    assert render(prompt, first.vars)[0]["content"] == "Be brief about ü [1,2]"
    scores = score_completion([build_scorer(s) for s in first.scorers], first, Completion("yes"))
    assert {s.scorer: s.passed for s in scores} == {
        "right": True,
        "icontains-any": True,
        "both": False,
        "overall": False,
    }


def test_a_judge_that_the_config_does_not_name_is_told_before_anything_is_asked_and_can_be_chosen(
    call, config, monkeypatch
):
    path = config(
        tests=[{"vars": {"word": "a"}, "assert": [{"type": "llm-rubric", "value": "is {{word}}"}]}],
        defaultTest={},
    )
    told = call("run", path, "--dry-run")
    assert (told.code, "openai/gpt-4.1-2025-04-14 judges, as in promptfoo; `--judge MODEL`" in told.err) == (
        0,
        True,
    )
    asked = []

    def verdict(body):
        asked.append(body["model"])
        return '{"reason": "r", "pass": true, "score": 0.75}'

    with OpenAIServer(answer=verdict) as server:
        monkeypatch.setenv("OPENAI_API_BASE", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        done = call("run", path, "--judge", "openai/chosen", "--json", "-")
        again = call("rescore", done.data["run"], "--suite", path, "--judge", "openai/other", "--json", "-")
    assert done.code == 0 and "gpt-4.1" not in done.err
    assert {row["mean"] for row in done.data["results"]} == {0.75}
    assert (sorted(asked), again.code) == (["chosen"] * 2 + ["other"] * 2, 0)


def test_tests_that_name_a_prompt_or_a_provider_are_asked_nothing_else(call, config):
    path = config(
        prompts=[{"label": "one", "raw": "1 {{word}}"}, {"label": "two", "raw": "2 {{word}}"}],
        providers=["echo", {"id": "echo", "label": "second", "prompts": ["two"]}],
        tests=[{"vars": {"word": "a"}}, {"vars": {"word": "b"}, "prompts": ["two"], "providers": ["echo"]}],
    )
    assert "Cells           5" in call("run", path, "--dry-run").out
    done = call("run", path, "--json", "-")
    # "echo" means the second one too, by its id.
    assert (done.code, done.data["cells"]["planned"], done.data["cells"]["done"]) == (0, 5, 5)
    counts = {
        (row["prompt"], row["model"]): row["n"] for row in done.data["results"] if row["scorer"] == "contains"
    }
    assert counts == {("one", "offline/echo"): 1, ("two", "offline/echo"): 2, ("two", "second"): 2}


def test_a_config_becomes_a_suite_that_gives_the_same_results_or_nothing_is_written(call, config, tmp_path):
    path = config(
        prompts=["Say {{word}}", {"label": "loud", "raw": "{% if word == 'a' %}A{% endif %}{{word}}"}],
        extensions=["file://x.js"],
    )
    ran = call("run", path, "--accept-losses", "--json", "-")
    refused = call("import", path, "--name", "words")
    assert refused.code == 2 and "`extensions`" in refused.err
    assert not (tmp_path / "evals").exists() and not list((tmp_path).glob("prompts/*.yml"))

    done = call("import", path, "--name", "words", "--accept-losses", "--json", "-")
    assert (done.code, done.data["prompts"], done.data["cases"]) == (0, ["words-prompt-1@1", "loud@1"], 2)
    assert "# Not honoured: promptfooconfig.yaml:" in (tmp_path / "evals/words/suite.yaml").read_text("utf-8")
    again = call("run", "words", "--json", "-")
    rows = [
        [(row["scorer"], row["mean"], row["n"]) for row in found.data["results"]] for found in (ran, again)
    ]
    assert again.code == 0 and rows[0] == rows[1]

    assert call("import", path, "--name", "words", "--accept-losses").code == 2
    config(prompts=[{"label": "loud", "raw": "other {{word}}"}])
    clash = call("import", path, "--name", "others")
    assert clash.code == 2 and "already a prompt loud" in clash.err
    assert sorted(p.name for p in (tmp_path / "evals").iterdir()) == ["words"]
