"""Whether a version has seen the cases that it is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.analysis.wording import count, listed

if TYPE_CHECKING:
    from workbench.evals.plan import PinnedPrompt
    from workbench.evals.types import Case

#: A shorter text says nothing: a word of it may stand in any prompt.
_LEAST_CHARACTERS = 25
#: How much of a case's text must stand in the prompt (RapidFuzz's partial ratio, 0–100).
_CONTAINED = 95.0
#: Cases and characters looked at; it has to stay quick.
_MOST_CASES = 2_000
_MOST_CHARACTERS = 2_000


def seen_cases(pinned: PinnedPrompt, cases: tuple[Case, ...]) -> list[str]:
    """Return the ids of cases whose text stands in the prompt itself, as in its examples.

    A case counts if one of its variables of at least 25 characters is contained in a message, but for a twentieth of
    its letters; upper case and white space do not matter.
    """
    from rapidfuzz import fuzz

    prompt = _plain(" ".join(str(message.content) for message in pinned.prompt.messages))
    found = []
    for case in cases[:_MOST_CASES]:
        texts = [_plain(value[:_MOST_CHARACTERS]) for value in case.vars.values() if isinstance(value, str)]
        long = [text for text in texts if _LEAST_CHARACTERS <= len(text) <= len(prompt)]
        if any(text in prompt or fuzz.partial_ratio(text, prompt, score_cutoff=_CONTAINED) for text in long):
            found.append(case.id)
    return found


def seen_caution(pinned: PinnedPrompt, cases: tuple[Case, ...]) -> str | None:
    """Say that a prompt contains cases that it is judged by; None where it does not."""
    found = seen_cases(pinned, cases)
    if not found:
        return None
    verb = "stands" if len(found) == 1 else "stand"
    return (
        f"{pinned.title} has seen the test: the text of {count(len(found), 'case')} {verb} in the prompt "
        f"({listed(found)}), so its score on them says little about others."
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
