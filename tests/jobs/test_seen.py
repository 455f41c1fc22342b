"""A prompt whose examples are the test is told from one that has never seen it."""

from __future__ import annotations

import time

from workbench.evals.plan import PinnedPrompt
from workbench.evals.types import Case
from workbench.jobs.seen import seen_cases, seen_caution
from workbench.prompts.prompt_file import parse_prompt

TICKET = "My parcel number 4711 has not arrived, and nobody answers the telephone."


def prompt(text: str) -> PinnedPrompt:
    content = f"name: triage\nmessages:\n  - role: user\n    content: |\n      {text}\n      {{{{ticket}}}}\n"
    return PinnedPrompt("triage", "triage", 3, parse_prompt(content, name="triage")[0])


def cases(*texts: str) -> tuple[Case, ...]:
    return tuple(Case(id=f"c{i}", vars={"ticket": text}) for i, text in enumerate(texts))


def test_a_case_among_the_examples_is_told():
    said = seen_caution(prompt(f"Sort the ticket. Example: {TICKET} -> shipping"), cases("Hi", TICKET))
    assert said.startswith("triage@3 has seen the test: the text of 1 case stands in the prompt (c1)")


def test_small_changes_and_white_space_do_not_hide_it():
    changed = TICKET.upper().replace("4711", "4712").replace(" ", "   ")
    assert seen_cases(prompt(f"Example: {changed}"), cases(TICKET)) == ["c0"]


def test_an_honest_prompt_and_short_texts_raise_no_warning():
    honest = prompt(
        "Sort the ticket about parcels, numbers and telephones into shipping or billing. Answer yes."
    )
    assert seen_caution(honest, cases("yes", "shipping or billing", TICKET, TICKET * 50)) is None


def test_two_thousand_cases_are_looked_at_in_a_moment():
    many = cases(*(f"Ticket number {i} about {i * 7919} things that went wrong" for i in range(2000)))
    begun = time.process_time()
    assert seen_cases(prompt("Sort the ticket. " + "An example of something else. " * 60), many) == []
    assert time.process_time() - begun < 5
