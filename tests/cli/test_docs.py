"""The page about the command line names every command, option and exit code that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.__main__ import COMMANDS
from workbench.cli import codes
from workbench.cli.entry import command_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"


def _all_commands():
    for name in COMMANDS:
        command = command_of(name)
        inner = getattr(command, "commands", None)
        if inner is None:
            yield f"workbench {name}", command
        else:
            yield from ((f"workbench {name} {sub}", part) for sub, part in inner.items())


ALL = dict(_all_commands())


def _section(title: str) -> str:
    found = re.search(rf"^#+ `{re.escape(title)}`\n(.*?)(?=^#|\Z)", PAGE.read_text("utf-8"), re.M | re.S)
    assert found, f"docs/command-line.md has no section for `{title}`"
    return found[1]


@pytest.mark.parametrize("title", list(ALL))
def test_a_command_has_a_section_with_all_of_its_options_and_an_example(title):
    section = _section(title)
    assert f"{title}" in section, "an example is missing"
    for parameter in ALL[title].params:
        names = [name for name in parameter.opts if name.startswith("--")]
        for name in names:
            # What nearly all commands share is described once.
            if name not in ("--json", "--workspace", "--help"):
                assert f"`{name}" in section, f"`{name}` of `{title}` is not documented"
    shared = PAGE.read_text("utf-8").split("\n## ")[0]
    assert "`--json" in shared and "`--workspace" in shared


@pytest.mark.parametrize("title", list(ALL))
def test_every_option_and_argument_explains_itself_in_help(title):
    for parameter in ALL[title].params:
        assert getattr(parameter, "help", None), f"{parameter.name} of `{title}` has no help"
    assert ALL[title].help
    if title != "workbench app":
        assert any("--json" in parameter.opts for parameter in ALL[title].params)


def test_the_page_names_no_option_that_does_not_exist():
    for title, command in ALL.items():
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        rows = re.findall(r"^\| `(--[a-z-]+)", _section(title), re.M)
        assert set(rows) <= known, f"`{title}` has no {set(rows) - known}"


def test_every_exit_code_is_named():
    page = PAGE.read_text("utf-8")
    for code in vars(codes).values():
        if isinstance(code, int):
            assert f"| {code} |" in page
