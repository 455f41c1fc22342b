"""Diffs: what a person sees of a change, and that nothing is left out."""

from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.prompts.content import Prompt, PromptMessage, Variable
from workbench.prompts.diff import Segment, diff_prompts, unified, word_diff

words = st.lists(st.sampled_from(["a", "an", "the", " ", "\n", ".", "é", "{{x}}", "\t"]), max_size=25).map(
    "".join
)
BASE = Prompt("triage", (PromptMessage("system", "Be kind."), PromptMessage("user", "{{ticket}}")))


@settings(deadline=None)
@given(words | st.text(), words | st.text())
def test_a_word_diff_holds_both_texts_whole(a, b):
    segments = word_diff(a, b)
    assert "".join(s.text for s in segments if s.op != "insert") == a
    assert "".join(s.text for s in segments if s.op != "delete") == b
    assert all(s.text for s in segments)
    assert (a == b) == all(s.op == "equal" for s in segments)


def test_a_rewritten_phrase_reads_as_one_change():
    assert word_diff("You are a kind helper.", "You are a strict judge.") == [
        Segment("equal", "You are a "),
        Segment("delete", "kind helper"),
        Segment("insert", "strict judge"),
        Segment("equal", "."),
    ]


def test_long_texts_are_compared_in_bounded_time():
    a = "".join(f"line {i} of a very long prompt\n" for i in range(40_000))
    b = a.replace("line 20000 of", "line 20000 off")
    started = time.monotonic()
    assert Segment("delete", "of") in word_diff(a, b)
    rewritten = word_diff(a, a.replace("very", "rather"))
    assert "".join(s.text for s in rewritten if s.op != "insert") == a
    assert time.monotonic() - started < 20


def test_a_message_put_first_does_not_make_the_others_look_changed():
    after = replace(BASE, messages=(PromptMessage("user", "Example"), *BASE.messages))
    diffs = diff_prompts(BASE, after).messages
    assert [(d.role_a, d.role_b, d.changed) for d in diffs] == [
        (None, "user", True),
        ("system", "system", False),
        ("user", "user", False),
    ]


def test_settings_that_differ_are_listed_by_their_name_in_the_file():
    after = replace(
        BASE,
        name="renamed",
        model="openai/gpt-4o",
        parameters={"temperature": 0.2},
        variables=(Variable("ticket", description="What the customer wrote"),),
    )
    diff = diff_prompts(BASE, after)
    assert diff.changed and not any(message.changed for message in diff.messages)
    assert diff.settings == [
        ("model", None, "openai/gpt-4o"),
        ("modelParameters.temperature", None, 0.2),
        ("variables.ticket", None, "string, required, What the customer wrote"),
    ]


def test_a_new_name_alone_is_no_change():
    renamed = replace(BASE, name="renamed")
    diff = diff_prompts(BASE, renamed)
    assert not diff.changed and diff.settings == []


def test_the_terminal_diff_shows_changed_lines_with_signs():
    after = replace(BASE, messages=(PromptMessage("system", "Be strict."), BASE.messages[1]))
    shown = unified(BASE, after, label_a="version 1", label_b="version 2")
    assert "--- triage (version 1)" in shown and "-    content: Be kind." in shown
    assert "+    content: Be strict." in shown
    assert unified(BASE, BASE) == ""
