"""The page of prompts, without a browser: what it shows, what its buttons do to the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.samples import copy_samples

from workbench.prompts.content import Prompt, PromptMessage
from workbench.ui.editing import Form, open_editing
from workbench.workspace import Workspace

MAIN = str(Path(__file__).parents[2] / "workbench" / "ui" / "main.py")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    st.cache_resource.clear()
    copy_samples(tmp_path)
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    monkeypatch.setenv("WORKBENCH_AUTHOR", "Ada Test")
    yield tmp_path
    st.cache_resource.clear()


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    opened = Workspace.open(root)
    yield opened
    opened.close()


def show(**params: str) -> AppTest:
    """Open the page in a new tab."""
    at = AppTest.from_file(MAIN, default_timeout=60).run()
    at.query_params.clear()
    for name, value in params.items():
        at.query_params[name] = value
    at.switch_page("screens/prompts.py").run()
    assert not at.exception, at.exception
    return at


def text_of(at: AppTest) -> str:
    """All that is written on the page."""
    kinds = ("markdown", "caption", "header", "subheader", "html", "error", "code", "page_link", "toast")
    parts = [str(getattr(e, "value", None) or e.proto) for kind in kinds for e in at.get(kind)]
    return "\n".join(parts).replace("\\", "")


def retype(workspace: Workspace, name: str, text: str) -> None:
    """Leave a draft as a tab does that is closed then."""
    editing = open_editing(workspace, name)
    editing.form.messages[0].content = text
    workspace.store.drafts.put(name, editing.form.to_dict(), base=editing.base, revision=editing.revision)


def test_the_list_shows_the_newest_version_and_finds_by_any_word(root: Path) -> None:
    at = show()
    shown = text_of(at)
    for word in ("meeting-summary", "order-extraction", "support-triage", "Priya Nair", "production → 2"):
        assert word in shown
    at.text_input(key="prompts_search").set_value("priya staging").run()
    shown = text_of(at)
    assert "support-triage" in shown
    assert "meeting-summary" not in shown
    at.text_input(key="prompts_search").set_value("no such thing").run()
    assert 'No prompt has "no such thing"' in text_of(at)


def test_an_empty_workspace_offers_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_resource.clear()
    (tmp_path / "prompts").mkdir()
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    at = show()
    assert "No prompts yet" in text_of(at)
    at.button(key="prompts_samples").click().run()
    assert "support-triage" in text_of(at)


def test_a_broken_file_is_one_sentence_and_the_rest_still_opens(root: Path) -> None:
    (root / "prompts" / "broken.prompt.yml").write_text("messages: [\n")
    at = show()
    shown = text_of(at)
    assert "broken.prompt.yml" in shown
    assert "support-triage" in shown
    assert "Traceback" not in shown


def test_a_name_that_is_taken_or_unsafe_is_refused(root: Path) -> None:
    for name, reason in (("Support-Triage", "already a prompt"), ("../evil", "cannot be a prompt")):
        at = show()
        at.text_input(key="prompts_new_form_name").set_value(name)
        at.button(key="prompts_new_form_go").click().run()
        assert reason in text_of(at)
        assert not at.exception


def test_saving_without_a_change_makes_no_version(root: Path, workspace: Workspace) -> None:
    at = show(prompt="support-triage")
    at.button(key="prompt_save").click().run()
    assert len(workspace.prompts.versions("support-triage")) == 4


def test_opening_every_version_and_saving_it_changes_nothing(workspace: Workspace) -> None:
    for versions in workspace.prompts.overview():
        for version in versions:
            assert Form.of(version.prompt).to_prompt(version.name).sha256 == version.sha256


def test_a_draft_waits_in_a_new_tab_and_is_saved_with_its_message(root: Path, workspace: Workspace) -> None:
    retype(workspace, "support-triage", "Answer with {{message}}")
    assert "unsaved edits" in text_of(show())
    at = show(prompt="support-triage")
    assert "Answer with {{message}}" in text_of(at)
    why = next(field for field in at.text_input if field.label == "Why")
    why.set_value("Shorter").run()
    at.button(key="prompt_save").click().run()
    newest = workspace.prompts.newest("support-triage")
    assert (newest.number, newest.message, newest.author) == (5, "Shorter", "Ada Test")
    assert newest.prompt.messages[0].content == "Answer with {{message}}"
    assert workspace.store.drafts.get("support-triage") is None


def test_edits_from_an_older_version_are_held_back_and_never_overwrite(
    root: Path, workspace: Workspace
) -> None:
    retype(workspace, "support-triage", "Mine")
    newest = workspace.prompts.newest("support-triage")
    theirs = replace(newest.prompt, description="Theirs")
    workspace.prompts.save(theirs, parent=newest.number, author="Ben", message="Say more")
    at = show(prompt="support-triage")
    assert "Version 5 was saved by Ben" in text_of(at)
    at.button(key="prompt_save").click().run()
    assert "you began from 4" in text_of(at)
    assert workspace.prompts.newest("support-triage").prompt.description == "Theirs"
    at.button(key="prompt_rebase").click().run()
    at.button(key="prompt_save").click().run()
    assert workspace.prompts.newest("support-triage").number == 6


def test_a_file_edited_outside_is_followed(root: Path, workspace: Workspace) -> None:
    at = show(prompt="support-triage")
    file = root / "prompts" / "support-triage.prompt.yml"
    file.write_text(file.read_text().replace("outdoor gear", "garden tools"))
    at.run()
    shown = text_of(at)
    assert "Version 5" in shown
    assert "garden tools" in shown


def test_messages_are_added_moved_deleted_and_brought_back(root: Path, workspace: Workspace) -> None:
    at = show(prompt="support-triage")
    at.button(key="prompt_add_message").click().run()
    at.button(key="prompt_arrow_upward_2").click().run()
    roles = [m["role"] for m in workspace.store.drafts.get("support-triage").content["messages"]]
    assert roles == ["system", "assistant", "user"]
    at.button(key="prompt_delete_0").click().run()
    at.button(key="prompt_undelete").click().run()
    roles = [m["role"] for m in workspace.store.drafts.get("support-triage").content["messages"]]
    assert roles == ["system", "assistant", "user"]
    at.button(key="prompt_delete_1").click().run()
    assert workspace.store.drafts.get("support-triage") is None, "nothing differs any more"


def test_an_old_version_is_restored_into_the_draft(root: Path, workspace: Workspace) -> None:
    at = show(prompt="support-triage", tab="versions", version="2")
    at.button(key="prompt_restore").click().run()
    draft = workspace.store.drafts.get("support-triage")
    assert (draft.base, draft.content["message"]) == (4, "Restore version 2")
    at.button(key="prompt_save").click().run()
    versions = workspace.prompts.versions("support-triage")
    assert versions[0].sha256 == versions[-2].sha256
    assert len(versions) == 5


def test_a_label_is_moved_and_removed(root: Path, workspace: Workspace) -> None:
    at = show(prompt="support-triage", tab="versions", version="4")
    at.selectbox(key="prompt_label_support-triage_4").set_value("production").run()
    at.button(key="prompt_label_set").click().run()
    assert workspace.prompts.get("support-triage@production").number == 4
    at.button(key="prompt_label_remove_production").click().run()
    assert "production" not in workspace.prompts.get("support-triage@4").labels
    assert "removed" in text_of(at)


def test_any_two_versions_are_compared_word_by_word(root: Path) -> None:
    at = show(prompt="support-triage", tab="diff", a="1", b="4")
    shown = text_of(at)
    assert "<del>" in shown
    assert "<ins>" in shown
    assert "modelParameters.max_tokens" in shown


def test_a_selector_in_the_address_opens_that_version(root: Path) -> None:
    at = show(prompt="support-triage@production")
    assert [element.value for element in at.subheader] == ["Version 2"]
    at = show(prompt="support-triage@99")
    assert 'no version "99"' in text_of(at)
    at = show(prompt="nothing-here")
    assert 'There is no prompt "nothing-here"' in text_of(at)


def test_a_template_that_cannot_be_read_is_one_sentence(root: Path, workspace: Workspace) -> None:
    editing = open_editing(workspace, "support-triage")
    editing.form.template = "jinja2"
    editing.form.messages[0].content = "{% for x in %}"
    workspace.store.drafts.put("support-triage", editing.form.to_dict(), base=4, revision=0)
    at = show(prompt="support-triage")
    assert "messages.0" in text_of(at)
    assert not at.exception


def test_parameters_that_cannot_be_read_are_kept_and_named(root: Path, workspace: Workspace) -> None:
    at = show(prompt="support-triage")
    field = next(field for field in at.text_input if field.label == "Temperature")
    field.set_value("warm").run()
    assert '"warm" is no number' in text_of(at)
    at.button(key="prompt_save").click().run()
    assert len(workspace.prompts.versions("support-triage")) == 4
    assert workspace.store.drafts.get("support-triage").content["temperature"] == "warm"


def test_text_that_looks_like_markup_is_shown_as_it_is(root: Path, workspace: Workspace) -> None:
    hostile = "<script>alert(1)</script> **bold** $x$ :red[y] [a](javascript:b)"
    prompt = Prompt("hostile", (PromptMessage("user", hostile),), description=hostile)
    workspace.prompts.save(prompt, parent=None, author=hostile[:40], message=hostile)
    for params in ({}, {"prompt": "hostile"}, {"prompt": "hostile", "tab": "versions"}):
        at = show(**params)
        for kind in ("html", "markdown", "caption"):
            for element in at.get(kind):
                value = str(getattr(element, "value", None) or element.proto)
                assert "<script>" not in value
                assert "**bold**" not in value or kind == "html"


def test_models_with_a_key_are_offered_before_the_stand_in(root: Path, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    at = show(prompt="support-triage")
    (box,) = [box for box in at.selectbox if box.label == "Model"]
    hosted = [place for place, option in enumerate(box.options) if option.startswith("openai/")]
    (stand_in,) = [place for place, option in enumerate(box.options) if option.startswith("offline/rules")]
    assert hosted and max(hosted) < stand_in
    assert "a rule-based stand-in, not a language model" in box.options[stand_in]
