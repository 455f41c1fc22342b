"""The library of prompts from the command line."""

from __future__ import annotations

import io

import pytest

VERSION_KEYS = {"prompt", "version", "sha256", "parent", "author", "message", "created_at", "labels"}


def _edit(root, name, old, new):
    file = root / "prompts" / f"{name}.prompt.yml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.fixture
def edited(call, here):
    """A workspace in which ``weak`` has two versions."""
    call("prompts", "list")
    _edit(here, "weak", "one word", "two words")
    saved = call("prompts", "save", "weak", "-m", "Longer answers", "--json", "-")
    assert saved.data["created"] is True
    return here


def test_saving_an_edited_file_makes_the_next_version_with_its_reason(call, edited):
    log = call("prompts", "log", "weak", "--json", "-").data

    assert all(row.keys() == VERSION_KEYS for row in log)
    assert [(row["version"], row["parent"], row["author"], row["message"]) for row in log] == [
        (2, 1, "Ada", "Longer answers"),
        (1, None, "Ada", "Found in the folder"),
    ]


def test_saving_what_is_the_newest_already_makes_no_version(call, edited):
    again = call("prompts", "save", "weak", "-m", "Again", "--json", "-")
    assert (again.code, again.data["created"], again.data["version"]) == (0, False, 2)
    assert "nothing was saved" in call("prompts", "save", "prompts/weak.prompt.yml").out


def test_an_old_version_can_be_made_the_newest_again(call, edited):
    back = call("prompts", "save", "weak@1", "-m", "Back", "--json", "-").data
    assert (back["version"], back["parent"]) == (3, 2)
    first = call("prompts", "show", "weak@1", "--json", "-").data
    assert back["sha256"] == first["sha256"]
    assert "one word" in (edited / "prompts" / "weak.prompt.yml").read_text()


def test_a_file_from_elsewhere_and_stdin_are_saved_under_a_name(call, edited, tmp_path_factory, monkeypatch):
    outside = tmp_path_factory.mktemp("outside") / "fresh.prompt.yml"
    outside.write_text("messages:\n  - {role: user, content: Hello}\n", encoding="utf-8")
    assert call("prompts", "save", outside, "--json", "-").data["prompt"] == "fresh"
    assert (edited / "prompts" / "fresh.prompt.yml").is_file()
    monkeypatch.setattr("sys.stdin", io.StringIO("messages:\n  - {role: user, content: Hello again}\n"))
    assert call("prompts", "save", "-", "--name", "fresh", "--json", "-").data["version"] == 2
    unnamed = call("prompts", "save", "-")
    assert unnamed.code == 2 and "give --name" in unnamed.err


def test_saving_on_top_of_a_version_that_is_no_longer_the_newest_is_refused(call, edited, tmp_path_factory):
    mine = tmp_path_factory.mktemp("mine") / "weak.prompt.yml"
    mine.write_text("messages:\n  - {role: user, content: Mine}\n", encoding="utf-8")
    refused = call("prompts", "save", mine, "--parent", "1")
    assert refused.code == 2 and "weak is at version 2" in refused.err
    assert len(call("prompts", "log", "weak", "--json", "-").data) == 2


def test_a_version_is_shown_with_its_messages_as_json_and_as_its_file(call, edited):
    shown = call("prompts", "show", "weak@1", "--json", "-").data
    assert shown.keys() >= VERSION_KEYS | {"messages", "model", "parameters", "variables", "template", "tags"}
    assert shown["messages"] == [
        {"role": "system", "content": "Answer with one word."},
        {"role": "user", "content": "{{question}}"},
    ]
    page = call("prompts", "show", "weak@1").out
    assert "[system]\nAnswer with one word.\n" in page
    assert (
        call("prompts", "show", "weak", "--yaml").out == (edited / "prompts" / "weak.prompt.yml").read_text()
    )


def test_prompts_are_listed_with_newest_version_and_labels(call, edited):
    call("prompts", "label", "weak@1", "production")
    rows = {row["prompt"]: row for row in call("prompts", "list", "--json", "-").data}
    assert rows["weak"].keys() >= {"version", "versions", "labels", "description", "model", "tags"}
    assert (rows["weak"]["version"], rows["weak"]["versions"], rows["weak"]["labels"]) == (
        2,
        2,
        {"production": 1},
    )
    assert [row["prompt"] for row in call("prompts", "list", "--search", "STRO", "--json", "-").data] == [
        "strong"
    ]


def test_labels_move_are_listed_and_keep_their_history(call, edited):
    call("prompts", "label", "weak@1", "production", "-m", "First")
    moved = call("prompts", "label", "weak@2", "production", "-m", "Better", "--json", "-")
    assert moved.data == {"prompt": "weak", "labels": {"production": 2}}
    assert call("prompts", "show", "weak@production", "--json", "-").data["version"] == 2
    assert "already" in call("prompts", "label", "weak@2", "production").out
    assert call("prompts", "label", "weak", "production", "--remove", "--json", "-").data["labels"] == {}
    moves = call("prompts", "log", "weak", "--labels", "--json", "-").data
    assert [(move["label"], move["version"], move["message"]) for move in moves] == [
        ("production", None, ""),
        ("production", 2, "Better"),
        ("production", 1, "First"),
    ]
    gone = call("prompts", "label", "weak", "production", "--remove")
    assert gone.code == 2 and 'weak has no label "production"' in gone.err
    number = call("prompts", "label", "weak", "3")
    assert number.code == 2 and "a bare number names a version" in number.err


def test_a_diff_shows_the_words_that_changed(call, edited):
    changed = call("prompts", "diff", "weak@1", "weak@2", "--json", "-").data
    assert changed.keys() == {"a", "b", "changed", "messages", "settings"}
    assert (changed["a"], changed["b"], changed["changed"]) == ("weak@1", "weak@2", True)
    segments = changed["messages"][0]["segments"]
    assert segments[1:3] == [{"op": "delete", "text": "one word"}, {"op": "insert", "text": "two words"}]
    against_parent = call("prompts", "diff", "weak")
    assert "Answer with [-one word-]{+two words+}." in against_parent.out
    assert (
        "+    content: Answer with two words." in call("prompts", "diff", "weak@1", "weak", "--unified").out
    )
    assert "have the same content" in call("prompts", "diff", "weak@2", "weak").out
    first = call("prompts", "diff", "weak@1")
    assert first.code == 2 and "has no parent" in first.err


def test_rendering_fills_in_the_variables_of_options_and_files(call, edited, tmp_path):
    rendered = call("prompts", "render", "weak", "--var", "question=a=b {{question}}", "--json", "-").data
    assert rendered["messages"][1] == {"role": "user", "content": "a=b {{question}}"}
    file = tmp_path / "vars.json"
    file.write_text('{"question": ["x", 1]}')
    assert call("prompts", "render", "weak", "--vars", file).out.endswith('[user]\n["x",1]\n')
    assert call("prompts", "render", "weak", "--var", "question").code == 2


def test_a_number_is_given_as_json_where_the_prompt_declares_one(call, here):
    text = (
        "messages:\n  - {role: user, content: 'At most {{n}} words'}\n"
        "x-workbench:\n  schemaVersion: 1\n  variables:\n    n: {type: integer}\n"
    )
    (here / "prompts" / "count.prompt.yml").write_text(text)
    assert call("prompts", "render", "count", "--var", "n=12").out == "[user]\nAt most 12 words\n"
    wrong = call("prompts", "render", "count", "--var", "n=many")
    assert wrong.code == 2 and '"n" is declared as integer' in wrong.err


def test_a_hostile_template_is_stopped_in_one_sentence(call, here):
    for name, body in (("escape", "{{ ''.__class__.__mro__ }}"), ("eat", "{{ 'a' * 10**9 }}")):
        message = f'messages:\n  - {{role: user, content: "{body}"}}\n'
        text = f"{message}x-workbench:\n  schemaVersion: 1\n  template: jinja2\n"
        (here / "prompts" / f"{name}.prompt.yml").write_text(text)
        stopped = call("prompts", "render", name)
        assert (stopped.code, stopped.out, len(stopped.err.strip().splitlines())) == (2, "", 1)


def test_lint_fails_on_errors_and_not_on_warnings(call, here):
    assert call("prompts", "lint").code == 0
    _edit(here, "weak", "{{question}}", "{{question}} {oops}")
    warned = call("prompts", "lint", "weak", "--json", "-")
    assert warned.code == 0
    assert warned.data[0].keys() == {"prompt", "version", "findings"}
    assert warned.data[0]["findings"][0].keys() == {"severity", "message", "field"}
    _edit(here, "weak", "messages:", "modelParameters: {temperature: 9}\nmessages:")
    failed = call("prompts", "lint", "weak")
    assert failed.code == 2 and "error" in failed.out
