"""The ``workbench`` command: answers ``--help`` by itself and loads a command only when it is called.

Nothing heavy may be imported here: ``workbench --help`` is to take little longer than starting Python.
"""

from __future__ import annotations

import sys

#: Command → what it is for. Each lives in the module of its name in `workbench.cli`.
COMMANDS = {
    "app": "Start the browser app",
    "init": "Make a workspace, with samples to begin with",
    "doctor": "Check that everything needed is here, and say what to do",
    "plan": "Say what a suite's cases can find, and what a wanted difference needs",
    "run": "Run a suite: ask, score, judge",
    "runs": "List runs, newest first",
    "show": "Show a run: progress, scores, gate, errors",
    "resume": "Go on with a run; only what is missing or failed is asked",
    "cancel": "Stop a run; its answers are kept",
    "rescore": "Score a run's answers again, without asking any model",
    "compare": "Compare two versions, models or runs, with a verdict",
    "watch": "Ask a frozen suite once more, and say whether the model behind it has moved",
    "baseline": "Approve a run that later ones are held against, show it, or remove it",
    "report": "Write a run as Markdown, HTML, JUnit, GitHub annotations, CSV, Parquet or JSON",
    "import": "Make a promptfoo config a suite of the workspace, with its prompts",
    "export": "Write a suite for another tool, such as promptfoo",
    "lint": "Look over all suites, cases and prompts",
    "allow-code": "Let this workspace's own scorers run on this machine",
    "prompts": "List, show, save, label, compare, render and check prompts",
    "judges": "List the prompts that judges come with, and copy one to edit it",
    "labels": "Draw answers for people to label, and hold the judges against what they say",
    "dataset": "Look into datasets, keep versions, compare, split, check and export them",
    "cases": "Add a case to a suite from an answer in a run",
    "models": "List the models, which are usable, and why others are not",
    "cache": "Show how many paid answers are kept, or clear them",
    "release": "Deliver a version to a git repository with its evidence",
}

USAGE = "Usage: workbench COMMAND [OPTIONS]"
INTRO = "Version prompts, run them against any model, score the outputs, and get a verdict."
OUTRO = """\
`workbench COMMAND --help` explains a command. `workbench --version` tells the version.
Exit codes: 0 passed, 1 gate failed, 2 bad input, 3 incomplete or undecided, 130 interrupted."""


def help_text() -> str:
    """Return what ``workbench --help`` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join([USAGE, "", INTRO, "", "Commands:", *lines, "", OUTRO])


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    first = arguments[0] if arguments else ""
    if first in ("", "-h", "--help", "help"):
        print(help_text())
        # A script that lost its command must not read "passed" from this.
        return 0 if first else 2
    if first == "--version":
        from workbench import __version__

        print(f"workbench {__version__}")
        return 0
    if first not in COMMANDS:
        print(_unknown(first), file=sys.stderr)
        return 2
    from workbench.cli.entry import call

    return call(first, arguments[1:])


def _unknown(word: str) -> str:
    from difflib import get_close_matches

    shown = ascii(word[:40])[1:-1]
    if word.startswith("-"):
        return f'"{shown}" is no option of workbench itself: options go after the command, as `workbench --help` shows.'
    near = get_close_matches(word.lower(), COMMANDS, n=1, cutoff=0.5)
    hint = f"did you mean `workbench {near[0]}`?" if near else "`workbench --help` lists the commands."
    return f'There is no command "{shown}": {hint}'


if __name__ == "__main__":
    sys.exit(main())
