"""The prompts and providers that a test or a provider names, by promptfoo's ways of naming them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.formats.promptfoo.findings import Findings, Place
from workbench.formats.promptfoo.folder import shown
from workbench.formats.promptfoo.prompts import ConfigPrompt
from workbench.formats.promptfoo.providers import ConfigModel
from workbench.formats.promptfoo.rows import ConfigTest


@dataclass(frozen=True)
class Named:
    """What can be named: the name here, and all that a config may call it."""

    name: str
    calls: tuple[str, ...]

    def is_meant(self, reference: str) -> bool:
        """Return whether a reference means it: by a name, the beginning of one with ``*``, or its group."""
        if reference in self.calls:
            return True
        begins = f"{reference}:" if not reference.endswith("*") else reference[:-1]
        return any(call.startswith(begins) for call in self.calls)


def filtered(
    prompts: Sequence[ConfigPrompt],
    models: Sequence[ConfigModel],
    tests: Sequence[ConfigTest],
    findings: Findings,
) -> tuple[dict[str, tuple[str, ...]], tuple[ConfigTest, ...]]:
    """Return the only prompts of each model that names some, and the tests with what each of them names here.

    A test that names nothing which is there asks nobody and is left out, with a finding.
    """
    known_prompts = [Named(p.prompt.name, p.calls) for p in prompts]
    known_models = [Named(m.label or m.id, tuple(c for c in (m.label, m.source) if c)) for m in models]
    only = {}
    for model in models:
        if model.prompts is None:
            continue
        names = _chosen(model.prompts, known_prompts, "`prompts` of a provider", model.place, findings)
        if names is not None:
            only[model.label or model.id] = names
    kept = []
    for test in tests:
        asked = (
            _chosen(test.named_prompts, known_prompts, "`prompts` of a test", test.place, findings),
            _chosen(test.named_providers, known_models, "`providers` of a test", test.place, findings),
        )
        if prompts and models and any(names == () for names in asked):
            findings.loss("a test is left out: nothing that it names to run with is there", test.place)
            continue
        kept.append(replace(test, asked=asked))
    return only, tuple(kept)


def _chosen(
    value: Any, known: Sequence[Named], what: str, place: Place | None, findings: Findings
) -> tuple[str, ...] | None:
    """Return the names that are meant, in their order; None where that is all of them."""
    if not isinstance(value, list | tuple):
        return None
    references = [str(item) for item in value]
    place = place or Place("")
    for reference in references:
        if not any(one.is_meant(reference) for one in known):
            findings.loss(f'{what} names "{shown(reference, 60)}", which is not there', place)
    names = tuple(one.name for one in known if any(one.is_meant(r) for r in references))
    return None if len(names) == len(known) else names
