"""Runs: the list, the form for a new one (``?suite=``), one run (``?run=``) and one of its cells (``&cell=``)."""

from __future__ import annotations

from workbench.ui.run_cell import show_cell
from workbench.ui.run_list import show_list
from workbench.ui.run_new import show_form
from workbench.ui.run_page import show_run
from workbench.ui.state import faults, param, workspace

ws = workspace()

with faults():
    run_id = param("run")
    if run_id and (param("cell") or param("case")):
        show_cell(ws, run_id)
    elif run_id:
        show_run(ws, run_id)
    elif param("suite") or param("new") or param("prompt"):
        show_form(ws)
    else:
        show_list(ws)
