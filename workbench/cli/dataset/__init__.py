"""``workbench dataset``: look into datasets, keep versions of them, compare, split, check and export them."""

from __future__ import annotations

from workbench.cli.dataset.check import check_command
from workbench.cli.dataset.export import export_command
from workbench.cli.dataset.show import show_command
from workbench.cli.dataset.sorting import duplicates_command, split_command
from workbench.cli.dataset.versions import diff_command, save_command, versions_command
from workbench.cli.options import new_app

app = new_app("Look into datasets, keep versions of them, compare, split, check and export them.")
for command in (
    show_command,
    check_command,
    save_command,
    versions_command,
    diff_command,
    split_command,
    duplicates_command,
    export_command,
):
    app.command(command.__name__.removesuffix("_command"))(command)

__all__ = ["app"]
