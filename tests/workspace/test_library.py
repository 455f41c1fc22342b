"""Folder and database are two views of one library: nothing a person wrote is lost, overwritten or counted twice."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from workbench.errors import ConflictError, NotFound
from workbench.prompts.content import PromptMessage
from workbench.prompts.prompt_file import load_prompt, parse_prompt
from workbench.workspace import Workspace

FIRST = "name: triage\nmessages:\n- role: user\n  content: 'Sort this: {{ticket}}'\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "triage.prompt.yml").write_text(FIRST, encoding="utf-8")
    return tmp_path


@pytest.fixture
def workspace(root):
    workspace = Workspace.open(root)
    yield workspace
    workspace.close()


def edited(prompt, text):
    return replace(prompt, messages=(PromptMessage("user", text),))


def file_of(root, name="triage"):
    return root / "prompts" / f"{name}.prompt.yml"


def test_saving_writes_the_file_and_saving_the_same_again_makes_no_version(workspace, root):
    first = workspace.prompts.newest("triage")
    second = edited(first.prompt, "Label this: {{ticket}}")
    saved = workspace.prompts.save(second, parent=1, author="ada", message="Ask for a label")
    again = workspace.prompts.save(second, parent=1)

    assert (saved.created, again.created) == (True, False)
    assert (again.version.number, again.version.author, again.version.parent) == (2, "ada", 1)
    assert load_prompt(file_of(root)).sha256 == second.sha256
    assert [v.number for v in workspace.prompts.versions("triage")] == [2, 1]
    assert workspace.prompts.get("triage@1").prompt == first.prompt


def test_a_file_edited_outside_is_a_new_version_at_the_next_look_and_only_then(workspace, root):
    workspace.prompts.sync()
    file_of(root).write_text(FIRST.replace("Sort", "Please sort"), encoding="utf-8")
    newest = workspace.prompts.newest("triage")
    assert (newest.number, newest.parent, newest.message) == (2, 1, "Edited outside Workbench")
    assert "Please sort" in newest.prompt.messages[0].content
    assert workspace.prompts.newest("triage").number == 2
    # Another layout of the same content is no other content.
    file_of(root).write_text(file_of(root).read_text().replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert workspace.prompts.newest("triage").number == 2


def test_an_edit_outside_while_somebody_edits_in_the_app_is_a_conflict_and_both_texts_survive(
    workspace, root
):
    begun = workspace.prompts.newest("triage")
    outside = FIRST.replace("Sort this", "Their words")
    file_of(root).write_text(outside, encoding="utf-8")
    with pytest.raises(ConflictError, match=r"version 2.*began from 1"):
        workspace.prompts.save(edited(begun.prompt, "My words {{ticket}}"), parent=begun.number)
    assert (
        parse_prompt(file_of(root).read_text(), name="triage")[0]
        .messages[0]
        .content.startswith("Their words")
    )
    assert [v.number for v in workspace.prompts.versions("triage")] == [2, 1]


def test_two_people_saving_from_the_same_version_do_not_overwrite_each_other(workspace, root):
    other = Workspace.open(root)
    base = workspace.prompts.newest("triage")
    assert other.prompts.newest("triage").number == 1
    workspace.prompts.save(edited(base.prompt, "A {{ticket}}"), parent=1)
    with pytest.raises(ConflictError):
        other.prompts.save(edited(base.prompt, "B {{ticket}}"), parent=1)
    other.close()


def test_deleting_the_state_folder_loses_nothing_that_the_folders_hold(root):
    workspace = Workspace.open(root)
    base = workspace.prompts.newest("triage")
    workspace.prompts.save(edited(base.prompt, "Two {{ticket}}"), parent=1, author="ada", message="why")
    workspace.prompts.save(edited(base.prompt, "Three {{ticket}}"), parent=2, author="bob", message="")
    workspace.prompts.set_label("triage", "production", 1, author="eve")
    workspace.prompts.set_label("triage", "production", 2, author="eve", message="better")
    before = workspace.prompts.versions("triage"), workspace.prompts.label_history("triage")
    workspace.close()

    shutil.rmtree(root / ".workbench")
    again = Workspace.open(root)
    assert (again.prompts.versions("triage"), again.prompts.label_history("triage")) == before
    assert again.prompts.get("triage@production").number == 2
    again.close()


def test_a_history_file_that_was_tampered_with_is_shown_and_changes_no_version(workspace, root):
    base = workspace.prompts.newest("triage")
    workspace.prompts.save(edited(base.prompt, "Two {{ticket}}"), parent=1)
    (history,) = (root / "prompts" / "history" / "triage").glob("0001-*.yml")
    history.write_text(history.read_text().replace("Sort this", "Sneaky"), encoding="utf-8")
    assert workspace.prompts.get("triage@1").prompt == base.prompt
    assert any("0001" in str(problem) or "ersion 1" in str(problem) for problem in workspace.prompts.problems)


def test_a_file_set_back_to_an_old_version_is_shown_as_a_conflict_and_nothing_is_overwritten(workspace, root):
    base = workspace.prompts.newest("triage")
    old = file_of(root).read_text()
    workspace.prompts.save(edited(base.prompt, "Two {{ticket}}"), parent=1)
    file_of(root).write_text(old)
    assert workspace.prompts.newest("triage").number == 2
    (problem,) = workspace.prompts.problems
    assert "holds version 1, and 2 is the newest" in str(problem)
    assert file_of(root).read_text() == old


def test_a_broken_file_is_a_problem_with_its_line_and_the_other_prompts_stay_usable(workspace, root):
    file_of(root, "broken").write_text(
        "name: broken\nmessages:\n- role: user\n content: x\n", encoding="utf-8"
    )
    assert workspace.prompts.names() == ["triage"]
    (problem,) = workspace.prompts.problems
    assert "broken.prompt.yml" in str(problem) and "line 4" in str(problem)
    with pytest.raises(NotFound):
        workspace.prompts.get("broken")


def test_a_removed_file_leaves_its_versions_reachable_for_runs_that_refer_to_them(workspace, root):
    workspace.prompts.sync()
    file_of(root).unlink()
    assert workspace.prompts.names() == []
    assert workspace.prompts.get("triage@1").number == 1


def test_names_of_any_script_work(workspace, root):
    file_of(root, "概要-été").write_text(FIRST.replace("triage", "概要-été"), encoding="utf-8")
    assert "概要-été" in workspace.prompts.names()
    workspace.prompts.set_label("概要-été", "production", 1)
    assert workspace.prompts.get("概要-été@production").number == 1


def test_a_label_that_moves_keeps_its_history_and_one_removed_points_nowhere(workspace):
    workspace.prompts.set_label("triage", "production", 1, author="ada")
    workspace.prompts.set_label("triage", "production", None, author="bob", message="rolled back")
    with pytest.raises(NotFound, match="production"):
        workspace.prompts.get("triage@production")
    assert [(e.label, e.number, e.author) for e in workspace.prompts.label_history("triage")] == [
        ("production", None, "bob"),
        ("production", 1, "ada"),
    ]
