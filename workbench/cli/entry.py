"""Calls one command. The only place of the command line that shows an error."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

import typer

from workbench.cli import codes
from workbench.cli.output import sentence, warn
from workbench.errors import WorkbenchError

DEBUG_VARIABLE = "WORKBENCH_DEBUG"


def call(name: str, arguments: list[str]) -> int:
    """Run the command ``name`` and return its exit code; every error becomes one sentence on stderr."""
    _speak_utf8()
    try:
        return _invoke(name, arguments)
    except typer.Exit as ended:
        return ended.exit_code
    except WorkbenchError as problem:
        warn(str(problem))
        _trace()
        return problem.exit_code
    except (typer.TyperException, typer.Abort) as problem:
        warn(_usage_sentence(name, problem))
        return codes.BAD_INPUT
    except KeyboardInterrupt:
        warn("Interrupted.")
        return codes.INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`, a closed pager) has had enough; closing would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return codes.PIPE_CLOSED
    except Exception as problem:
        warn(_fault_sentence(problem))
        _trace()
        return codes.FAULT


def command_of(name: str):
    """Return a command as Typer made it, for calling and for the tests of help and documentation."""
    return typer.main.get_command(import_module(f"workbench.cli.{name.replace('-', '_')}").app)


def _invoke(name: str, arguments: list[str]) -> int:
    command = command_of(name)
    with command.make_context(f"workbench {name}", list(arguments)) as context:
        result = command.invoke(context)
    sys.stdout.flush()
    return result if isinstance(result, int) else codes.PASSED


def _usage_sentence(name: str, problem: Exception) -> str:
    context = getattr(problem, "ctx", None)
    called = context.command_path if context is not None else f"workbench {name}"
    text = problem.format_message() if isinstance(problem, typer.TyperException) else "Nothing was done"
    return f"{sentence(text).rstrip('.')}: `{called} --help` shows how to call it."


def _fault_sentence(problem: Exception) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    here = [f for f in frames if f"{os.sep}workbench{os.sep}" in f.filename] or frames
    where = f" at {Path(here[-1].filename).name}, line {here[-1].lineno}" if here else ""
    return (
        f"Workbench met a fault of its own ({type(problem).__name__}{where}): "
        f"call it again with {DEBUG_VARIABLE}=1 and report what it prints."
    )


def _trace() -> None:
    if os.environ.get(DEBUG_VARIABLE, "").strip() not in ("", "0"):
        traceback.print_exc()


def _speak_utf8() -> None:
    """A terminal that cannot show a character shows its code; it is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
