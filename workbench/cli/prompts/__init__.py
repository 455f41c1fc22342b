"""``workbench prompts``: the library of prompts, a file for each of its commands."""

from __future__ import annotations

from workbench.cli.options import new_app
from workbench.cli.prompts.diff import diff_command
from workbench.cli.prompts.label import label_command
from workbench.cli.prompts.lint import lint_command
from workbench.cli.prompts.list import list_command
from workbench.cli.prompts.log import log_command
from workbench.cli.prompts.render import render_command
from workbench.cli.prompts.save import save_command
from workbench.cli.prompts.show import show_command

app = new_app("List, show, save, label, compare, render and check prompts.")
for command in (
    list_command,
    show_command,
    save_command,
    log_command,
    diff_command,
    label_command,
    render_command,
    lint_command,
):
    app.command(command.__name__.removesuffix("_command"))(command)

__all__ = ["app"]
