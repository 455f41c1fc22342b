"""Whether a version has seen the cases that it is judged by, in its text or through those who tuned it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.analysis.wording import count, listed

if TYPE_CHECKING:
    from workbench.evals.plan import PinnedPrompt
    from workbench.evals.types import Case
    from workbench.jobs.outcome import Selection
    from workbench.store import Store

#: A shorter text says nothing: a word of it may stand in any prompt.
_LEAST_CHARACTERS = 25
#: How much of a case's text must stand in the prompt (RapidFuzz's partial ratio, 0–100).
_CONTAINED = 95.0
#: Cases and characters looked at; it has to stay quick.
_MOST_CASES = 2_000
_MOST_CHARACTERS = 2_000
#: From so many earlier versions on, a version's lead may come from having been chosen on these cases.
_MANY_VERSIONS = 3
_MOST_RUNS = 1_000


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


def tuned_caution(a: Selection, b: Selection) -> str | None:
    """Say that many versions which one of the sides descends from were scored on the same cases before.

    Neither side counts itself or the other. None where they are fewer than `_MANY_VERSIONS`, for every version has a
    parent, and a look or two is no tuning.
    """
    found = [_tuned(side, other) for side, other in ((b, a), (a, b))]
    versions, looks, title, cases = max(found, key=lambda one: one[0])
    if versions < _MANY_VERSIONS:
        return None
    return (
        f"{versions:,} versions that {title} descends from were scored on these {count(cases, 'case')} before (in "
        f"{count(looks, 'run')}), so a part of its score may be luck with just these: a held-out split that no version "
        "was tuned on would tell (`workbench dataset split`)."
    )


def _tuned(side: Selection, other: Selection) -> tuple[int, int, str, int]:
    """Return the number of a side's ancestors that were scored, in how many runs, its title and its cases."""
    outcome = side.outcome
    compared = {_key(one, index) for one in (side, other) for index in one.prompts}
    best = (0, 0, "", 0)
    began: str | None = None
    for index in side.prompts if outcome.store is not None else ():
        pinned = outcome.plan.prompts[index]
        ancestors = _ancestors(outcome.store, pinned) - compared
        if len(ancestors) < _MANY_VERSIONS:
            continue
        began = began or outcome.store.runs.progress(outcome.run_id).created_at
        runs = outcome.store.runs.versions_scored_on(
            outcome.plan.dataset_sha256, until=began, limit=_MOST_RUNS
        )
        looks = [run & ancestors for run in runs if run & ancestors]
        best = max(best, (len(set().union(*looks)), len(looks), pinned.title, len(outcome.plan.cases)))
    return best


def _key(side: Selection, index: int) -> tuple[str, int]:
    pinned = side.outcome.plan.prompts[index]
    return pinned.name, pinned.number


def _ancestors(store: Store, pinned: PinnedPrompt) -> set[tuple[str, int]]:
    """Return the versions that a version descends from; a file outside the library has none."""
    if not pinned.number:
        return set()
    parents = {record.number: record.parent for record in store.prompts.versions(pinned.name)}
    found: set[tuple[str, int]] = set()
    at = parents.get(pinned.number)
    while at is not None and (pinned.name, at) not in found:
        found.add((pinned.name, at))
        at = parents.get(at)
    return found


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
