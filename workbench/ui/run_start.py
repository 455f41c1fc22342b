"""What the form for a new run offers: versions, models, and the usual choices among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.evals.types import Suite
from workbench.llm.types import ModelSpec
from workbench.ui.models import ModelList
from workbench.workspace import PromptVersion, Workspace

PRODUCTION = "production"


@dataclass(frozen=True)
class Offer:
    """What may be run on a suite: ``titles`` name every version, ``own`` are the suite's in its order."""

    titles: dict[str, PromptVersion | None]
    own: tuple[str, ...]
    presets: dict[str, tuple[str, ...]]


def offer(ws: Workspace, suite: Suite) -> Offer:
    """Return the versions that may be run on a suite, its own prompts' first.

    Raises:
        WorkbenchError: A prompt that the suite names cannot be found.
    """
    own: dict[str, PromptVersion | None] = {}
    for selector in suite.prompts:
        version = _find(ws, suite, selector)
        own[version.title if version.number else selector] = version if version.number else None
    overview = {versions[0].name: versions for versions in ws.prompts.overview() if versions}
    names = dict.fromkeys(v.name for v in own.values() if v is not None)
    ordered = [*names, *(name for name in overview if name not in names)]
    titles: dict[str, PromptVersion | None] = {t: None for t, v in own.items() if v is None}
    for name in ordered:
        titles.update({version.title: version for version in overview.get(name, [])})
    titles.update({title: version for title, version in own.items() if title not in titles})
    presets = _presets(ws, [overview[name] for name in names if name in overview])
    return Offer(titles, tuple(own), {"As the suite says": tuple(own), **presets} if own else presets)


def _find(ws: Workspace, suite: Suite, selector: str) -> PromptVersion:
    beside = suite.folder / selector if suite.folder else None
    if beside is not None and selector.endswith((".yml", ".yaml")) and beside.exists():
        return ws.prompts.get(str(beside))
    return ws.prompts.get(selector)


def _presets(ws: Workspace, prompts: Sequence[list[PromptVersion]]) -> dict[str, tuple[str, ...]]:
    """Return the usual comparisons, baseline first; those that would compare a version with itself are left out."""
    against: dict[str, list[str]] = {}
    for versions in prompts:
        newest = versions[0]
        in_production = next((v for v in versions if PRODUCTION in v.labels), None)
        if in_production is not None and in_production.number != newest.number:
            against.setdefault("Newest against production", []).extend([in_production.title, newest.title])
        if len(versions) > 1:
            before = next((v for v in versions if v.number == newest.parent), versions[1])
            against.setdefault("Newest against the one before", []).extend([before.title, newest.title])
        draft = ws.store.drafts.get(newest.name)
        parent = next((v for v in versions if draft is not None and v.number == draft.base), None)
        if parent is not None and parent.number != newest.number:
            against.setdefault("Newest against the draft's parent", []).extend([parent.title, newest.title])
    return {name: tuple(dict.fromkeys(titles)) for name, titles in against.items()}


def model_choices(suite: Suite, known: ModelList) -> dict[str, ModelSpec]:
    """Return what may be chosen by the name that is shown: the suite's own models, then what is usable here."""
    choices = {model.name: model for model in suite.models}
    taken = {model.id for model in suite.models} | set(choices)
    return {**choices, **{name: known.spec(name) for name in known.offered if name not in taken}}


def selectors(suite: Suite, offered: Offer, chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the selectors to run: none where they are just the suite's own, so that its gate keeps its names."""
    return () if tuple(chosen) == offered.own else tuple(chosen)


def from_link(ws: Workspace, texts: Sequence[str]) -> tuple[list[str], list[WorkbenchError]]:
    """Return the titles of the versions that a link names, and what it names in vain."""
    titles: list[str] = []
    problems: list[WorkbenchError] = []
    for text in texts:
        try:
            version = ws.prompts.get(text)
        except WorkbenchError as problem:
            problems.append(problem)
            continue
        titles.append(version.title if version.number else text)
    return list(dict.fromkeys(titles)), problems
