"""``workbench cancel``: stop a run."""

from __future__ import annotations

from workbench.cli.options import JsonFile, RunId, WorkspaceDir, new_app, opened
from workbench.cli.output import Output

app = new_app()


@app.command()
def cancel(run: RunId, json: JsonFile = None, workspace: WorkspaceDir = None) -> None:
    """Stop a run. Calls on their way may finish, for they are paid; nothing new is asked."""
    from workbench.workspace.run_facts import run_to_dict

    out = Output(json)
    with opened(workspace) as ws:
        before = ws.runs.get(run)
        record = ws.runs.cancel(before.id)
        out.json(run_to_dict(record))
        if not before.active:
            out.text(f"Run {record.id} had ended already ({record.status}).")
        elif record.active:
            out.text(f"Run {record.id} is stopping: `workbench resume {record.id}` goes on with it later.")
        else:
            out.text(f"Run {record.id} is {record.status}: `workbench resume {record.id}` goes on with it.")
