"""The process that runs scorers of one's own: ``python -m workbench.evals.own.worker MEMORY_BYTES``.

It speaks JSON lines on the pipes it was started with; what the code itself prints goes nowhere. It knows no keys, and
its parent kills it when it takes too long. This bounds accidents; it is no prison for code that means harm.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import math
import os
import sys
from collections.abc import Callable
from typing import Any

from workbench.evals.own.api import GIVEN, MARK
from workbench.evals.own.hf_module import ANY_NUMBER

MAX_REASON = 500


def limit(memory_bytes: int) -> None:
    """Bound memory, open files and written files, where the platform can."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 128),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def load(source: str, file: str) -> dict[str, Callable[..., Any]]:
    """Run a file and return its scorers by name."""
    space: dict[str, Any] = {"__name__": "workbench_own_scorers", "__file__": file}
    exec(compile(source, file, "exec"), space)  # the parent starts this only where a person allowed it
    return {name: value for name, value in space.items() if getattr(value, MARK, False) is True}


def choose(found: dict[str, Callable[..., Any]], name: str | None) -> Callable[..., Any]:
    """Return the named function, or the only one."""
    if name is not None and name in found:
        return found[name]
    listed = ", ".join(sorted(found)) or "none: put @scorer above it"
    if name is not None:
        raise LookupError(f"the file has no scorer {name}; it has {listed}")
    if len(found) != 1:
        raise LookupError(f"say which `function` is meant; the file has {listed}")
    return next(iter(found.values()))


def call(function: Callable[..., Any], given: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Call a scorer with what it asks for, and return its answer as plain data."""
    wanted = inspect.signature(function).parameters
    every = any(p.kind is p.VAR_KEYWORD for p in wanted.values())
    unknown = [name for name in params if name not in wanted and not every]
    if unknown:
        raise TypeError(f"{function.__name__} takes no parameter {unknown[0]}")
    named = {name: given[name] for name in GIVEN if name in wanted}
    result = function(**{**params, **named})
    return answer_of(result, any_number=getattr(function, ANY_NUMBER, False))


def answer_of(result: Any, *, any_number: bool = False) -> dict[str, Any]:
    """Return what a scorer returned as value, passed and reason; values are from 0 to 1, or any number.

    Raises:
        TypeError: It is nothing of the kind.
    """
    data = result if isinstance(result, dict) else {"value": result}
    value, passed = data.get("value"), data.get("passed")
    if isinstance(value, bool):
        passed = value if passed is None else passed
    if value is not None:
        value = float(value)
        if not math.isfinite(value) or not (any_number or 0 <= value <= 1):
            raise TypeError(f"the scorer returned {value:g}, which is outside 0 to 1")
    if set(data) - {"value", "passed", "reason"} or not (passed is None or isinstance(passed, bool)):
        raise TypeError("a scorer returns a number, a bool, None, or a mapping with value, passed and reason")
    return {"value": value, "passed": passed, "reason": str(data.get("reason") or "")[:MAX_REASON]}


def main() -> int:
    """Answer requests until the pipe is closed."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    limit(int(sys.argv[1]))
    found: dict[str, Callable[..., Any]] = {}
    for line in requests:
        request = json.loads(line)
        try:
            if "source" in request:
                found = load(request["source"], request["file"])
                answer: dict[str, Any] = {"loaded": sorted(found)}
            else:
                function = choose(found, request["function"])
                answer = call(function, request["given"], request["params"])
        except LookupError as problem:
            answer = {"error": str(problem.args[0] if problem.args else problem)[:MAX_REASON]}
        except MemoryError:
            answer = {"error": "it ran out of memory"}
        except BaseException as problem:
            # Its own code may raise anything, SystemExit too; it is this cell's error.
            answer = {"error": f"{type(problem).__name__}: {problem}"[:MAX_REASON]}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
