"""The child process that renders Jinja2 templates: ``python -m workbench.prompts.jinja_worker``.

The sandbox stops a template from reaching Python's insides, but not from eating time and memory; so it runs
here, under limits of the operating system, and its parent kills it when it takes too long. It speaks JSON
lines: a request on standard input, its answer on standard output. It sees no environment variables with keys.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sys
from functools import lru_cache
from typing import Any

import jinja2
import jinja2.debug  # imported now: a first error under a memory limit must not need to load code
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

MAX_REPEATED = 1_000_000
MAX_POWER_BITS = 100_000
GRACE_S = 3.0


class TooLong(Exception):
    """The output passed its limit."""


class Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with bounds on the operators that make much out of little."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * right > MAX_POWER_BITS:
                raise OverflowError("the power is too large")
        elif operator == "*" and (_repeats(left, right) or _repeats(right, left)):
            raise TooLong
        return super().call_binop(context, operator, left, right)


def _repeats(sequence: Any, times: Any) -> bool:
    """Whether the product would be a sequence longer than any output may be."""
    sized = isinstance(sequence, str | bytes | list | tuple) and isinstance(times, int)
    return sized and len(sequence) * times > MAX_REPEATED


def make_environment() -> Environment:
    """Return the environment that every template gets: strict, without files, chance or HTML escapes."""
    environment = Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        optimized=False,
        loader=jinja2.FunctionLoader(lambda name: None),
    )
    del environment.globals["lipsum"], environment.filters["random"]
    environment.filters["tojson"] = _to_json
    return environment


def _to_json(value: Any, indent: int | None = None) -> str:
    """Jinja's own filter escapes for HTML, which no model should read."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


ENVIRONMENT = make_environment()


@lru_cache(maxsize=64)
def compiled(source: str) -> jinja2.Template:
    """Compile a template, or take it from the last ones used."""
    return ENVIRONMENT.from_string(source)


def render(sources: list[str], variables: dict[str, Any], max_output: int) -> dict[str, Any]:
    """Render every source; the sum of the outputs is bounded."""
    texts: list[str] = []
    left = max_output
    for index, source in enumerate(sources):
        try:
            parts = []
            for part in compiled(source).generate(variables):
                left -= len(part)
                if left < 0:
                    raise TooLong
                parts.append(part)
            texts.append("".join(parts))
        except Exception as problem:  # whatever a template does becomes data for the parent
            return {**describe(problem, source), "index": index}
    return {"texts": texts}


def names(sources: list[str]) -> dict[str, Any]:
    """Return the variables that the sources read, in order of first use."""
    found: dict[str, None] = {}
    for index, source in enumerate(sources):
        try:
            tree = ENVIRONMENT.parse(source)
            undeclared = meta.find_undeclared_variables(tree)
            compiled(source)
            used = sorted(
                (node.lineno, order, node.name) for order, node in enumerate(tree.find_all(nodes.Name))
            )
        except Exception as problem:
            return {**describe(problem, source), "index": index}
        found.update(dict.fromkeys(name for _, _, name in used if name in undeclared))
    return {"names": list(found)}


def describe(problem: Exception, source: str) -> dict[str, Any]:
    """Return an error as plain data."""
    text = str(problem)[:300]
    if isinstance(problem, TooLong):
        return {"error": "output", "message": ""}
    if isinstance(problem, jinja2.TemplateSyntaxError):
        return {"error": "syntax", "message": (problem.message or "")[:300], "line": problem.lineno}
    if isinstance(problem, jinja2.TemplateNotFound):
        return {"error": "files", "message": ""}
    if isinstance(problem, SecurityError):
        return {"error": "security", "message": text}
    if isinstance(problem, jinja2.UndefinedError):
        missing = re.fullmatch(r"'(\w+)' is undefined", text)
        return {"error": "undefined", "message": text, "missing": missing[1] if missing else None}
    if isinstance(problem, MemoryError):
        return {"error": "memory", "message": ""}
    if isinstance(problem, RecursionError):
        return {"error": "depth", "message": ""}
    return {"error": "other", "message": text or type(problem).__name__}


def limit(memory_bytes: int) -> None:
    """Ask the operating system to hold this process to its bounds, where it can."""
    try:
        import resource
    except ImportError:
        return
    for name, value in (("RLIMIT_AS", memory_bytes), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        # Some systems know a limit only by name, or have a lower hard limit already.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (value, value))


def answer(line: bytes) -> dict[str, Any]:
    """Do what one request asks."""
    try:
        request = json.loads(line)
        if request["op"] == "names":
            return names(request["sources"])
        return render(request["sources"], request["variables"], request["max_output"])
    except (MemoryError, RecursionError) as problem:
        return describe(problem, "")


def main() -> None:
    """Answer requests until standard input closes."""
    memory_bytes, timeout_s = int(sys.argv[1]), float(sys.argv[2])
    limit(memory_bytes)
    # Should the parent be killed in the middle of a request, nobody else would end an endless loop.
    alarm = getattr(signal, "setitimer", None)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(b'{"ready": true}\n')
    answers.flush()
    for line in iter(requests.readline, b""):
        if alarm:
            alarm(signal.ITIMER_REAL, timeout_s + GRACE_S)
        result = answer(line)
        answers.write(json.dumps(result).encode() + b"\n")
        answers.flush()
        if alarm:
            alarm(signal.ITIMER_REAL, 0)
        if result.get("error") == "memory":
            return  # a process that ran out of memory is not to be trusted with the next request


if __name__ == "__main__":
    main()
