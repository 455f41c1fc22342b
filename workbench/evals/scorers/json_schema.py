"""JSON Schema, bounded: nothing is fetched, and no pattern or comparison can take forever on a model's output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from workbench.evals.extract import TIMEOUT_S, compile_pattern
from workbench.files import canonical_json

_MAX_BYTES = 1_000_000


def check_schema(schema: dict[str, Any]) -> None:
    """Refuse what is not a usable JSON Schema.

    Raises:
        ValueError: It is not valid, too large, or uses what cannot be bounded; the message says where.
    """
    _validator(canonical_json(schema))


def first_fault(schema: dict[str, Any], data: Any) -> str | None:
    """Return what is wrong with ``data`` as a sentence's middle, or None where it fits the schema."""
    from jsonschema.exceptions import best_match

    fault = best_match(_validator(canonical_json(schema)).iter_errors(data))
    if fault is None:
        return None
    place = ".".join(str(part) for part in fault.absolute_path)
    message = fault.message if len(fault.message) <= 200 else f"{fault.message[:200]}…"
    return f"{place}: {message}" if place else message


@lru_cache(maxsize=64)
def _validator(text: str) -> Any:
    from jsonschema import validators
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    if len(text) > _MAX_BYTES:
        raise ValueError(f"the schema has over {_MAX_BYTES} characters")
    schema = json.loads(text)
    dialect = validators.validator_for(schema, default=validators.Draft202012Validator)
    try:
        dialect.check_schema(schema)
    except SchemaError as problem:
        place = ".".join(str(part) for part in problem.absolute_path)
        raise ValueError(
            f"the schema is not valid{f' at {place}' if place else ''}: {problem.message[:200]}"
        ) from None
    _check_parts(schema)
    bounded = {"pattern": _pattern, "patternProperties": _pattern_properties, "uniqueItems": _unique_items}
    extended = validators.extend(dialect, {**bounded, "additionalProperties": _additional_properties})
    # A registry of its own: the default one would fetch what a $ref points to.
    return extended(schema, registry=Registry())


def _check_parts(schema: Any) -> None:
    """Compile every pattern, and refuse references that lead out of the schema."""
    if isinstance(schema, list):
        for part in schema:
            _check_parts(part)
    if not isinstance(schema, dict):
        return
    if "unevaluatedProperties" in schema:
        raise ValueError("the schema uses unevaluatedProperties; use additionalProperties")
    if isinstance(schema.get("pattern"), str):
        compile_pattern(schema["pattern"])
    if isinstance(schema.get("patternProperties"), dict):
        for pattern in schema["patternProperties"]:
            compile_pattern(pattern)
    reference = schema.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        raise ValueError(f"the schema refers to {reference[:80]}; put that part under $defs")
    for part in schema.values():
        _check_parts(part)


def _found(pattern: str, text: str) -> bool:
    return compile_pattern(pattern).search(text, timeout=TIMEOUT_S) is not None


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "string") and not _found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, part in patterns.items():
        for key, value in instance.items():
            if _found(pattern, key):
                yield from validator.descend(value, part, path=key, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(instance, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extras = [k for k in instance if k not in named and not any(_found(p, k) for p in patterns)]
    if isinstance(allowed, dict):
        for key in extras:
            yield from validator.descend(instance[key], allowed, path=key)
    elif not allowed and extras:
        shown = ", ".join(repr(key) for key in extras[:5])
        yield ValidationError(f"there are fields that the schema does not allow: {shown}")


def _unique_items(validator: Any, unique: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """The library compares every pair; this is linear."""
    from jsonschema.exceptions import ValidationError

    if not unique or not validator.is_type(instance, "array"):
        return
    if len({canonical_json(_plain(item)) for item in instance}) < len(instance):
        yield ValidationError("the list holds the same item twice")


def _plain(value: Any) -> Any:
    """Write 1.0 as 1, for JSON Schema calls them equal."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value
