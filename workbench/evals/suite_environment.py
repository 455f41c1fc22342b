"""``${NAME}`` in a suite: values of the environment, only of names that the suite lists under ``env``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.evals.suite_source import Source

MAX_VALUE = 2_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_USE = re.compile(r"\$\{([^{}\n]{0,200})\}")
_SECRET = re.compile(r"key|token|secret|passw|credential|authorization|cookie|private", re.IGNORECASE)


def with_environment(source: Source, environ: Mapping[str, str] | None = None) -> Source:
    """Return the suite with the values of the variables that it lists; without ``env`` it stays as it is.

    Cases stay as they are too: they are data.

    Raises:
        SuiteError: A name looks like that of a secret, is not listed, or is not set.
    """
    names = source.data.get("env") if isinstance(source.data, dict) else None
    if names is None:
        return source
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or len(names) > 50:
        raise source.error("env is a list of at most 50 names of environment variables", "env")
    values: dict[str, str] = {}
    for index, name in enumerate(names):
        values[name] = _value(source, name, index, os.environ if environ is None else environ)
    data = {
        key: value if key in ("cases", "env") else _filled(value, values, source, (key,))
        for key, value in source.data.items()
    }
    return replace(source, document=replace(source.document, data=data))


def _value(source: Source, name: Any, index: int, environ: Mapping[str, str]) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise source.error("env lists names of environment variables", "env", index)
    if _SECRET.search(name):
        raise source.error(
            f"{name} looks like a secret, and runs keep what a suite says",
            *("env", index),
            hint="name a model's key in `api_key_env` instead",
        )
    value = environ.get(name)
    if value is None:
        raise source.error(f"the environment variable {name} is not set", "env", index, hint="set it")
    if len(value) > MAX_VALUE or not value.isprintable():
        raise source.error(
            f"the environment variable {name} is no single line of at most {MAX_VALUE} characters",
            "env",
            index,
        )
    return value


def _filled(value: Any, values: Mapping[str, str], source: Source, path: tuple[str | int, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(part, values, source, (*path, key)) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, values, source, (*path, index)) for index, part in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def known(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise source.error(f"{match[1] or 'it'} is not listed under `env`", *path, hint="list it there")
        return values[match[1]]

    return _USE.sub(known, value)
