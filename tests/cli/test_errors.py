"""What a person does wrong, or meets: one clear sentence on stderr, exit code 2, and no traceback."""

from __future__ import annotations

import json
import sqlite3

import pytest
from support.small_workspace import write_prompt, write_suite


def _sentence(called) -> str:
    """Return the one line that was said."""
    assert called.code == 2
    assert called.out == ""
    lines = called.err.strip().splitlines()
    assert len(lines) == 1, called.err
    assert lines[0].endswith((".", "?"))
    return lines[0]


def test_a_misspelt_suite_is_answered_with_the_one_that_is_meant(call, here):
    said = _sentence(call("run", "pases"))
    assert 'There is no suite "pases"' in said
    assert 'perhaps "passes" is meant' in said
    assert "close, fails, holes, passes" in said


def test_a_misspelt_command_is_answered_with_the_one_that_is_meant(call, here):
    assert "did you mean `workbench compare`?" in _sentence(call("compar", "a", "b"))


@pytest.mark.parametrize(
    "arguments", [("run",), ("run", "passes", "--wrong"), ("show",), ("prompts", "shwo"), ("prompts",)]
)
def test_wrong_usage_is_answered_with_where_the_help_is(call, here, arguments):
    assert "--help` shows how to call it" in _sentence(call(*arguments))


def test_no_command_at_all_prints_the_help_and_fails(call):
    called = call()
    assert called.code == 2 and "Usage: workbench COMMAND" in called.out


def test_a_broken_suite_is_named_with_file_and_line(call, here):
    (here / "evals" / "close" / "suite.yaml").write_text(
        "prompts: [weak]\nmodels: [offline/rules\n", encoding="utf-8"
    )
    said = _sentence(call("run", "close"))
    assert "suite.yaml, line 3: This is not valid YAML" in said


def test_a_misspelt_key_of_a_suite_is_named_with_file_line_and_field(call, here):
    text = "prompts: [weak]\nmodels: [offline/rules]\ncases: cases.jsonl\nscorer: [exact]\n"
    (here / "evals" / "close" / "suite.yaml").write_text(text, encoding="utf-8")
    said = _sentence(call("run", "close"))
    assert "suite.yaml, line 4" in said and 'perhaps "scorers" is meant' in said


def test_a_broken_case_file_is_named_with_its_line(call, here):
    with (here / "evals" / "close" / "cases.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"id": "c6", "vars": \n')
    assert "cases.jsonl, line 7: The line is not valid JSON" in _sentence(call("run", "close"))


def test_a_broken_prompt_file_does_not_hide_the_others(call, here):
    (here / "prompts" / "bad.prompt.yml").write_text("messages:\n  - role: [\n", encoding="utf-8")
    listed = call("prompts", "list", "--json", "-")
    assert listed.code == 0
    assert [row["prompt"] for row in listed.data] == ["strong", "weak"]
    assert "bad.prompt.yml, line 3: This is not valid YAML" in listed.err
    assert call("prompts", "lint").code == 2


def test_a_variable_that_a_case_lacks_is_named_before_anything_is_asked(call, here):
    (here / "evals" / "close" / "cases.jsonl").write_text(
        json.dumps({"id": "c0", "vars": {"questions": "?"}, "expected": "a"}) + "\n", encoding="utf-8"
    )
    text = "prompts: [weak]\nmodels: [offline/rules]\ncases: cases.jsonl\nscorers: [exact]\n"
    (here / "evals" / "close" / "suite.yaml").write_text(text, encoding="utf-8")
    assert '"question"' in _sentence(call("run", "close"))


def test_a_variable_that_render_is_not_given_is_named(call, here):
    assert 'The variable "question" is missing' in _sentence(call("prompts", "render", "weak"))


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("nobody", 'There is no prompt "nobody"'),
        ("weak@9", 'weak has no version "9"'),
        ("weak@production", 'weak has no version "production"'),
        ("weak@sha:ffffffff", 'weak has no version "ffffffff"'),
        ("weak@", "names no version"),
        ("nowhere/weak.prompt.yml", "There is no such prompt file"),
    ],
)
def test_a_selector_that_names_nothing_says_so(call, here, selector, said):
    assert said in _sentence(call("prompts", "show", selector))
    assert said in _sentence(call("run", "passes", "--prompt", selector))


def test_a_run_or_side_that_is_not_there_says_what_is(call, finished):
    assert "`workbench runs` lists them" in _sentence(call("show", "nope"))
    run = finished.runs["passes"]
    assert "it has weak@1, strong@1" in _sentence(call("compare", f"{run}:weak", f"{run}:nobody"))
    assert "holds several prompts" in _sentence(call("compare", run, f"{run}:weak"))
    assert "Both sides are the same" in _sentence(call("compare", f"{run}:weak", f"{run}:weak@1"))
    assert 'no scorer "taste"' in _sentence(
        call("compare", f"{run}:weak", f"{run}:strong", "--metric", "taste")
    )


def test_a_folder_that_is_no_workspace_says_how_to_make_one(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "`workbench init` makes it one" in _sentence(call("runs"))
    assert "There is no such folder" in _sentence(call("runs", "--workspace", tmp_path / "gone"))


def test_an_empty_workspace_says_what_to_do_next(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for part in ("prompts", "evals"):
        (tmp_path / part).mkdir()
    assert "`workbench prompts save FILE` adds one" in call("prompts", "list").out
    assert "`workbench run SUITE` starts one" in call("runs").out
    assert "the suites in" in _sentence(call("run", "any"))
    assert call("prompts", "lint").code == 0


def test_a_workspace_whose_state_cannot_be_written_says_so(call, here):
    (here / ".workbench").write_text("in the way")
    assert "The workspace's state cannot be written" in _sentence(call("runs"))


def test_a_database_of_a_newer_version_is_left_alone(call, here):
    assert call("runs").code == 0
    database = here / ".workbench" / "workbench.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "made by a newer version of Workbench" in _sentence(call("runs"))
    assert "made by a newer version of Workbench" in call("doctor").out
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_a_database_that_is_none_is_called_damaged(call, here):
    (here / ".workbench").mkdir()
    (here / ".workbench" / "workbench.db").write_bytes(b"this is no database, whatever its name says" * 100)
    assert "The database is damaged" in _sentence(call("runs"))


def test_json_that_cannot_be_written_says_where(call, here):
    (here / "file").write_text("")
    assert "It cannot be written" in _sentence(call("runs", "--json", here / "file" / "x.json"))


def test_a_fault_of_our_own_is_one_sentence_with_the_place(call, here, monkeypatch):
    from workbench.workspace.runs import Runs

    monkeypatch.setattr(Runs, "recover", lambda self: 1 / 0)
    called = call("runs")
    assert called.code == 70
    assert "Workbench met a fault of its own (ZeroDivisionError at " in called.err


def test_windows_line_ends_change_nothing(call, here):
    for file in (*here.glob("prompts/*.yml"), *here.glob("evals/*/*")):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert call("prompts", "lint").code == 0
    done = call("run", "close", "--json", "-")
    assert (done.data["status"], done.data["cells"]["errors"]) == ("complete", 0)


def test_names_of_any_script_work_from_end_to_end(call, here):
    name = "サポート-größe"
    write_prompt(here, name, "Beschreibung mit „Anführung“")
    write_suite(here, "überblick", {name: {0, 1}}, cases=3)
    done = call("run", "überblick", "--json", "-")
    assert (done.data["suite"], done.data["results"][0]["prompt"]) == ("überblick", name)
    assert name in call("prompts", "list").out
    assert call("prompts", "show", f"{name}@1", "--json", "-").data["prompt"] == name
