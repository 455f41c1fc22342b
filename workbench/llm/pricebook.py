"""The prices of one workspace: LiteLLM's table, and over it what the workspace says in ``prices.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.files import YamlDocument, load_yaml, read_text, sha256_text
from workbench.llm import prices
from workbench.llm.types import Request, Usage

FILE_NAME = "prices.yaml"
_BUCKETS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
}
_SERVICES = {"batch": "_batches", "priority": "_priority", "flex": "_flex"}
_ABOVE = re.compile(r"above_([1-9]\d{0,5})k")


@dataclass(frozen=True)
class PriceBook:
    """What calls cost here. ``own`` are the workspace's prices by model id, in the table's own shape.

    An id may end with ``*``; the whole id wins, then the longest beginning. ``source`` says where the rest is
    from, and ``own_source`` where the workspace's own are from: ``{source, date, sha256}``.
    """

    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    own_source: dict[str, str | None] = field(default_factory=dict)
    source: dict[str, str | None] = field(default_factory=prices.price_source)

    def entry(self, model_id: str) -> Mapping[str, Any] | None:
        """Return the price of a model, or None."""
        name = self._own_name(model_id)
        return prices.model_entry(model_id) if name is None else self.own[name]

    def _own_name(self, model_id: str) -> str | None:
        if model_id in self.own:
            return model_id
        begin = [name for name in self.own if name.endswith("*") and model_id.startswith(name[:-1])]
        return max(begin, key=len, default=None)

    def is_own(self, model_id: str) -> bool:
        """Whether the workspace itself says what a model costs."""
        return self._own_name(model_id) is not None

    def per_million(self, model_id: str) -> tuple[float | None, float | None]:
        """Return the USD per million tokens in and out, for short requests; None is unknown."""
        return prices.entry_per_million(self.entry(model_id) or {})

    def cost(self, model_id: str, usage: Usage, *, service: str | None = None) -> float | None:
        """Return the USD of one call; None is unknown. See `workbench.llm.prices.cost_of`."""
        if model_id.startswith(("offline/", "local/")):
            return 0.0
        entry = self.entry(model_id)
        return None if entry is None else prices.cost_of(entry, usage, service=service)

    def cost_of_call(self, request: Request, usage: Usage, resolved: str | None = None) -> float | None:
        """Return the USD of an answered call: by the model's name, else by the one the provider answered with."""
        if usage.estimated:
            return None
        model = request.model
        asked = {**request.params, **model.params}
        service = asked.get("service_tier", asked.get("serviceTier"))
        service = service if isinstance(service, str) else None
        known = self.entry(model.id) is not None or model.id.startswith(("offline/", "local/"))
        if known or not resolved or model.api_base:
            return self.cost(model.id, usage, service=service)
        provider = model.id.partition("/")[0]
        return self.cost(f"{provider}/{resolved.removeprefix(provider + '/')}", usage, service=service)

    def pinned(self, model_ids: Iterable[str]) -> dict[str, Any]:
        """Return what a run keeps: source, version and date, and the prices of its models as plain data."""
        models: dict[str, Any] = {}
        for model_id in dict.fromkeys(model_ids):
            entry = self.entry(model_id)
            if entry is not None:
                kept = {k: v for k, v in entry.items() if "cost" in k or k in _KEPT}
                models[model_id] = kept
        ours = [name for name in models if self._own_name(name) is not None]
        return {**self.source, "own": {**self.own_source, "models": ours} if ours else None, "models": models}

    @classmethod
    def from_pinned(cls, data: Mapping[str, Any] | None) -> PriceBook:
        """The inverse of `pinned`; of None, the table as it is now."""
        if not data:
            return cls()
        source = {name: data.get(name) for name in ("source", "version", "date")}
        return cls(own=dict(data.get("models") or {}), source=source)


#: What a price hangs on besides its rates.
_KEPT = ("tiered_pricing", "off_peak_pricing", "litellm_provider")


def load_prices(root: Path) -> PriceBook:
    """Return the prices of the workspace at ``root``.

    Raises:
        BadInput: Its ``prices.yaml`` cannot be used; with the line and the field.
    """
    path = root / FILE_NAME
    if not path.exists():
        return PriceBook()
    text = read_text(path, what="file of prices", max_bytes=2_000_000)
    document = load_yaml(text, file=path)
    data = document.data
    if not isinstance(data, dict):
        raise _wrong(
            "The file of prices is not a mapping", document, path, (), "write `models:` with ids below"
        )
    _check_names(data, ("date", "source", "models"), document, path, ())
    for name in ("date", "source"):
        if not isinstance(data.get(name), str | None):
            raise _wrong(f"{name} must be a text", document, path, (name,), "put it in quotes")
    if data.get("date") and not re.fullmatch(r"\d{4}-\d\d-\d\d", data["date"]):
        raise _wrong("date is not a day", document, path, ("date",), "write it as 2026-11-21")
    models = data.get("models") or {}
    if not isinstance(models, dict):
        raise _wrong("models must map ids to prices", document, path, ("models",), "write `id: {input: …}`")
    own = {
        model_id: _entry(price, document, path, ("models", model_id)) for model_id, price in models.items()
    }
    source = {
        "source": data.get("source") or FILE_NAME,
        "date": data.get("date"),
        "sha256": sha256_text(text),
    }
    return PriceBook(own, source)


def _entry(price: Any, document: YamlDocument, path: Path, at: tuple[Any, ...]) -> dict[str, Any]:
    """Read ``{input, output, …, above_200k: {…}, batch: {…, above_200k: {…}}}`` into the table's shape."""
    if not isinstance(at[-1], str) or not at[-1]:
        raise _wrong("A model's id must be a text", document, path, at, "write provider/model")
    if not isinstance(price, dict):
        raise _wrong(
            f"The price of {at[-1]} is not a mapping", document, path, at, "write {input: 1, output: 2}"
        )
    entry: dict[str, Any] = {}
    _read_section(price, "", entry, document, path, at, inner=(*_SERVICES,))
    for name, suffix in _SERVICES.items():
        if name in price:
            _read_section(price[name], suffix, entry, document, path, (*at, name), inner=())
    return entry


def _read_section(
    section: Any,
    suffix: str,
    entry: dict[str, Any],
    document: YamlDocument,
    path: Path,
    at: tuple[Any, ...],
    *,
    inner: tuple[str, ...],
) -> None:
    if not isinstance(section, dict):
        raise _wrong(f"{at[-1]} is not a mapping", document, path, at, "write {input: 1, output: 2}")
    tiers = [name for name in section if isinstance(name, str) and _ABOVE.fullmatch(name)]
    _check_names(section, (*_BUCKETS, *inner, *tiers), document, path, at)
    for needed in ("input", "output"):
        if needed not in section:
            raise _wrong(f"{at[-1]} has no price for {needed}", document, path, at, f"add `{needed}:`")
    for tier in ("", *tiers):
        values = section[tier] if tier else section
        where = (*at, tier) if tier else at
        if not isinstance(values, dict):
            raise _wrong(f"{tier} is not a mapping", document, path, where, "write {input: 1, output: 2}")
        if tier:
            _check_names(values, tuple(_BUCKETS), document, path, where)
        for bucket, meter in _BUCKETS.items():
            if bucket in values:
                value = _per_million(values[bucket], document, path, (*where, bucket))
                entry[f"{meter}{f'_{tier}_tokens' if tier else ''}{suffix}"] = value / 1e6


def _per_million(value: Any, document: YamlDocument, path: Path, at: tuple[Any, ...]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise _wrong(
            f"{at[-1]} must be USD per million tokens", document, path, at, "give a number, 0 or more"
        )
    return float(value)


def _check_names(
    section: Mapping[Any, Any],
    known: tuple[str, ...],
    document: YamlDocument,
    path: Path,
    at: tuple[Any, ...],
) -> None:
    for name in section:
        if name not in known:
            hint = f"it may have {', '.join(known[:9])}" + (", above_200k: …" if at else "")
            raise _wrong(f'"{name}" is not known here', document, path, (*at, name), hint)


def _wrong(message: str, document: YamlDocument, path: Path, at: tuple[Any, ...], hint: str) -> BadInput:
    place = ".".join(str(part) for part in at) or None
    return BadInput(message, file=path, line=document.line(*at) if at else None, field=place, hint=hint)
