"""The folder of prompts: what people and other programs do to it, and what is kept safe."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import replace

import pytest

from workbench.errors import BadInput, ConflictError, PromptError
from workbench.prompts.content import Lineage, Prompt, PromptMessage
from workbench.prompts.folder import LabelEvent, PromptFolder


def make(content: str, name: str = "triage") -> Prompt:
    return Prompt(name=name, messages=(PromptMessage("user", content),))


def lineage(prompt: Prompt, version: int = 1, parent: int | None = None) -> Lineage:
    return Lineage(version, prompt.sha256, parent, "Ada", "Say why: é", "2026-11-21T07:25:00+00:00")


@pytest.fixture
def folder(tmp_path):
    return PromptFolder(tmp_path / "prompts")


def save(folder: PromptFolder, content: str, version: int, name: str = "triage") -> Prompt:
    prompt = make(content, name)
    folder.write_version(prompt, lineage(prompt, version, version - 1 or None))
    return prompt


def test_an_absent_folder_is_an_empty_library(folder):
    state = folder.scan()
    assert (state.prompts, state.problems, state.removed) == ({}, [], {})


def test_saved_versions_and_labels_come_back_to_a_fresh_reader(folder):
    first, second = save(folder, "one", 1), save(folder, "two", 2)
    for version, when in ((1, "10"), (2, "11")):
        folder.append_label(
            "triage", LabelEvent("production", version, "Ada", f"2026-11-21T{when}:00:00+00:00", "ship")
        )
    folder.append_label("triage", LabelEvent("beta", 1, "Ada", "2026-11-21T12:00:00+00:00"))
    folder.append_label("triage", LabelEvent("beta", None, "Ada", "2026-11-21T13:00:00+00:00"))
    state = PromptFolder(folder.root).scan()
    file = state.prompts["triage"]
    assert state.problems == []
    assert file.prompt == second and file.lineage == lineage(second, 2, 1)
    assert [(v.number, v.prompt) for v in file.versions] == [(1, first), (2, second)]
    assert file.label_targets == {"production": 2}
    assert len(file.labels) == 4
    assert (file.edited, file.behind, file.next_version) == (False, False, 3)


def test_saving_the_same_version_twice_changes_nothing(folder):
    save(folder, "one", 1)
    before = {path: path.read_bytes() for path in folder.root.rglob("*.yml")}
    save(folder, "one", 1)
    assert {path: path.read_bytes() for path in folder.root.rglob("*.yml")} == before


def test_a_hand_edit_is_seen_and_never_overwritten(folder):
    save(folder, "one", 1)
    path = folder.root / "triage.prompt.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("one", "won"), encoding="utf-8")
    file = folder.scan().prompts["triage"]
    assert file.edited and file.prompt.messages[0].content == "won"
    other = make("two")
    with pytest.raises(ConflictError, match="edited outside"):
        folder.write_version(other, lineage(other, 2, 1))
    assert "won" in path.read_text(encoding="utf-8")
    folder.write_version(file.prompt, lineage(file.prompt, file.next_version, 1))
    assert not folder.scan().prompts["triage"].edited


def test_windows_line_ends_and_reformatting_are_no_edit(folder):
    save(folder, "one\ntwo\n", 1)
    path = folder.root / "triage.prompt.yml"
    path.write_bytes(b"# a comment\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert not folder.scan().prompts["triage"].edited


def test_a_file_dropped_in_or_copied_is_new_work(folder):
    save(folder, "one", 1)
    (folder.root / "plain.prompt.yml").write_text("messages: [{role: user, content: hi}]", encoding="utf-8")
    (folder.root / "copy.prompt.yml").write_bytes((folder.root / "triage.prompt.yml").read_bytes())
    prompts = folder.scan().prompts
    assert prompts["plain"].edited and prompts["plain"].next_version == 1
    assert prompts["copy"].edited and prompts["copy"].prompt.name == "copy"


def test_an_older_file_checked_out_is_behind_not_edited(folder):
    save(folder, "one", 1)
    old = (folder.root / "triage.prompt.yml").read_bytes()
    save(folder, "two", 2)
    (folder.root / "triage.prompt.yml").write_bytes(old)
    file = folder.scan().prompts["triage"]
    assert file.behind and not file.edited


def test_a_deleted_file_keeps_its_history(folder):
    save(folder, "one", 1)
    (folder.root / "triage.prompt.yml").unlink()
    state = folder.scan()
    assert state.prompts == {} and state.problems == []
    assert state.removed["triage"].versions[0].prompt == make("one")


def test_a_broken_file_is_a_problem_with_its_line_and_the_rest_still_works(folder):
    save(folder, "one", 1)
    (folder.root / "bad.prompt.yml").write_text(
        "messages:\n  - role: usr\n    content: x\n", encoding="utf-8"
    )
    (folder.root / "worse.prompt.yml").write_text("messages: [", encoding="utf-8")
    (folder.root / "latin.prompt.yml").write_bytes(b"messages: [{role: user, content: \xe9}]")
    (folder.root / "-rf.prompt.yml").write_text("messages: [{role: user, content: x}]", encoding="utf-8")
    state = folder.scan()
    assert list(state.prompts) == ["triage"]
    assert len(state.problems) == 4
    bad = next(p for p in state.problems if "bad" in (p.file or ""))
    assert (bad.line, bad.field) == (2, "messages.0.role")
    broken = make("new", "bad")
    with pytest.raises(ConflictError, match="cannot be read"):
        folder.write_version(broken, lineage(broken))


def test_a_changed_history_file_is_reported_and_not_trusted(folder):
    save(folder, "one", 1)
    save(folder, "two", 2)
    path = next((folder.root / "history" / "triage").glob("0001-*"))
    path.write_text(path.read_text(encoding="utf-8").replace("one", "tampered"), encoding="utf-8")
    state = folder.scan()
    assert [v.number for v in state.prompts["triage"].versions] == [2]
    assert "changed after it was saved" in str(state.problems[0])
    assert state.prompts["triage"].next_version == 3


def test_two_branches_that_both_saved_version_2_are_reported(folder, tmp_path):
    save(folder, "one", 1)
    save(folder, "mine", 2)
    other = PromptFolder(tmp_path / "other")
    save(other, "theirs", 2)
    theirs = next((other.root / "history" / "triage").glob("0002-*"))
    (folder.root / "history" / "triage" / theirs.name).write_bytes(theirs.read_bytes())
    state = folder.scan()
    assert "two versions 2" in str(state.problems[0])
    third = make("third")
    with pytest.raises(ConflictError, match="another version 2"):
        folder.write_version(third, lineage(third, 2))


def test_names_that_differ_only_in_case_are_refused(folder):
    save(folder, "one", 1)
    other = make("x", "Triage")
    with pytest.raises(ConflictError, match="upper and lower case"):
        folder.write_version(other, lineage(other))


def test_a_unicode_name_is_one_name_however_it_is_spelt(folder):
    composed, decomposed = "résumé-概要", unicodedata.normalize("NFD", "résumé-概要")
    save(folder, "one", 1, name=composed)
    (folder.root / f"{composed}.prompt.yml").rename(folder.root / f"{decomposed}.prompt.yml")
    (folder.root / "history" / composed).rename(folder.root / "history" / decomposed)
    state = folder.scan()
    assert list(state.prompts) == [composed] and state.removed == {}
    assert not state.prompts[composed].edited
    save(folder, "two", 2, name=composed)
    assert [v.number for v in folder.scan().prompts[composed].versions] == [1, 2]


def test_half_a_label_row_from_a_killed_process_costs_only_that_row(folder):
    save(folder, "one", 1)
    event = LabelEvent("production", 1, "Ada", "2026-11-21T10:00:00+00:00")
    folder.append_label("triage", event)
    labels = folder.root / "history" / "triage" / "labels.jsonl"
    labels.write_text(labels.read_text(encoding="utf-8") + '{"label": "beta", "ver', encoding="utf-8")
    folder.append_label("triage", replace(event, label="stable"))
    state = folder.scan()
    assert state.prompts["triage"].label_targets == {"production": 1, "stable": 1}
    assert state.problems[0].line == 2


def test_a_label_that_reads_as_a_number_is_refused(folder):
    with pytest.raises(BadInput, match="bare number"):
        folder.append_label("triage", LabelEvent("3", 1, "Ada", "2026-11-21T10:00:00+00:00"))


def test_lineage_of_other_content_is_refused(folder):
    with pytest.raises(PromptError, match="other content"):
        folder.write_version(make("one"), lineage(make("two")))


def test_a_folder_that_cannot_be_written_is_one_sentence(folder):
    folder.root.mkdir(parents=True)
    (folder.root / "history").write_text("a file where the folder should be", encoding="utf-8")
    prompt = make("one")
    with pytest.raises(BadInput, match="cannot be written"):
        folder.write_version(prompt, lineage(prompt))
    assert not (folder.root / "triage.prompt.yml").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_sentence(folder):
    folder.root.mkdir(parents=True)
    folder.root.chmod(0o555)
    prompt = make("one")
    try:
        with pytest.raises(BadInput, match="cannot be written"):
            folder.write_version(prompt, lineage(prompt))
    finally:
        folder.root.chmod(0o755)
