"""The judges of a suite, completed and pinned: each entry gets its model and the very text of its prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.evals.model_entry import ModelEntry, model_entry
from workbench.evals.scorers.judging import SHIPPED, shipped_text
from workbench.evals.scorers.registry import SCORERS, Entry
from workbench.evals.types import Case, ScorerSpec
from workbench.llm.types import ModelSpec
from workbench.prompts.content import Prompt
from workbench.prompts.prompt_file import parse_prompt, prompt_to_yaml

_PARTS = ("of", "all", "any")


@dataclass(frozen=True)
class JudgeSetting:
    """What entries without a model or a pinned prompt get. ``prompts`` is by selector."""

    model: ModelSpec | None = None
    prompts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"model": self.model.to_dict() if self.model else None, "prompts": self.prompts}

    @classmethod
    def from_dict(cls, data: dict[str, Any] | None) -> JudgeSetting:
        """The inverse of `to_dict`."""
        if not data:
            return cls()
        return cls(ModelSpec.from_dict(data["model"]) if data["model"] else None, data["prompts"])

    def completed(self, spec: ScorerSpec) -> ScorerSpec:
        """Return the spec with all that its judges need, those inside groups and panels included."""
        entry = self._completed({"type": spec.type, **spec.params})
        params = {k: v for k, v in entry.items() if k != "type"}
        return spec if params == spec.params else replace(spec, params=params)

    def _completed(self, entry: dict[str, Any]) -> dict[str, Any]:
        entry = dict(entry)
        if entry.get("judges") and isinstance(entry.get("of"), dict):
            # The judges of a panel are its own, so its entry needs no other.
            entry["of"] = {**entry["of"], "judge": entry["judges"][0]}
        for key in _PARTS:
            part = entry.get(key)
            if isinstance(part, list):
                entry[key] = [self._completed(p) if isinstance(p, dict) else p for p in part]
            elif isinstance(part, dict):
                entry[key] = self._completed(part)
        known = _entry(entry.get("type"))
        if known is None:
            return entry
        if "judge" in known.param_names and entry.get("judge") is None and self.model:
            entry["judge"] = self.model.to_dict()
        selector = _selector(known, entry)
        if selector in self.prompts:
            entry["judge_prompt"] = self.prompts[selector]
        return entry


def judge_setting(
    specs: Iterable[ScorerSpec],
    cases: Iterable[Case],
    model: ModelSpec | None,
    find: Callable[[str], tuple[str, int, Prompt]],
) -> JudgeSetting | None:
    """Look up every judge's prompt once, so that a run is pinned to it; None where nothing asks a model.

    Args:
        specs: The suite's scorers.
        cases: Its cases, which may have scorers of their own.
        model: What judges where a scorer does not say.
        find: Returns name, version number and content of a selector in the workspace.
    """
    asking = list(_asking([*specs, *(s for case in cases for s in case.scorers)]))
    if not asking:
        return None
    prompts: dict[str, dict[str, Any]] = {}
    for known, entry in asking:
        selector = _selector(known, entry)
        if selector and selector not in prompts:
            prompts[selector] = _pinned(selector, find)
    return JudgeSetting(model, prompts)


def judge_models(specs: Iterable[ScorerSpec]) -> list[ModelSpec]:
    """Return the models that completed specs ask, each once."""
    found: dict[str, ModelSpec] = {}
    for known, entry in _asking(specs):
        named = [entry.get(name) for name in ("judge", "embedder") if name in known.param_names]
        named += entry.get("judges") or [] if "judges" in known.param_names else []
        for one in named:
            if one is not None:
                spec = ModelEntry.model_validate(model_entry(one)).spec()
                found[repr(spec)] = spec
    return list(found.values())


def embedders(specs: Iterable[ScorerSpec]) -> list[ModelSpec]:
    """Return the embedding models that specs name, in their order."""
    named = [entry["embedder"] for _, entry in _asking(specs) if entry.get("embedder")]
    return [ModelEntry.model_validate(model_entry(one)).spec() for one in named]


def without_model(specs: Iterable[ScorerSpec]) -> list[str]:
    """Return the types of judges in completed specs that know no model to ask."""
    return [
        known.type
        for known, entry in _asking(specs)
        if "judge" in known.param_names and not entry.get("judge")
    ]


def _asking(specs: Iterable[ScorerSpec]) -> Iterator[tuple[Entry, dict[str, Any]]]:
    waiting: list[Any] = [{"type": spec.type, **spec.params} for spec in specs]
    while waiting:
        entry = waiting.pop(0)
        if not isinstance(entry, dict):
            continue
        for key in _PARTS:
            part = entry.get(key)
            waiting += part if isinstance(part, list) else [part]
        known = _entry(entry.get("type"))
        if known is not None and known.asks:
            yield known, entry


def _entry(type_name: Any) -> Entry | None:
    if not isinstance(type_name, str):
        return None
    return SCORERS.get(type_name) or SCORERS.get(type_name.removeprefix("not_"))


def _selector(known: Entry, entry: dict[str, Any]) -> str | None:
    """Return what an entry's prompt is looked up by; None where it has none or it is pinned already."""
    given = entry.get("judge_prompt")
    if "judge_prompt" not in known.param_names or isinstance(given, dict):
        return None
    shipped = getattr(known.impl, "PROMPT", "")
    return given or (SHIPPED + shipped if shipped else None)


def _pinned(selector: str, find: Callable[[str], tuple[str, int, Prompt]]) -> dict[str, Any]:
    if selector.startswith(SHIPPED):
        name, number = selector.removeprefix(SHIPPED), 0
        prompt = parse_prompt(shipped_text(name), name=name)[0]
    else:
        name, number, prompt = find(selector)
    return {
        "selector": selector,
        "name": name,
        "number": number,
        "sha256": prompt.sha256,
        "content": prompt_to_yaml(prompt),
    }
