"""A suite of the workspace as a promptfoo config."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.files import dump_yaml
from workbench.formats.promptfoo.writer import ExportedCase, Writer

if TYPE_CHECKING:
    from workbench.workspace import Workspace


@dataclass(frozen=True)
class Exported:
    """A config, and what has no counterpart or may come out otherwise, a sentence each."""

    config: dict[str, Any]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The config as YAML."""
        return dump_yaml(self.config)


def export_suite(ws: Workspace, name: str) -> Exported:
    """Return a suite as a promptfoo config, with its prompts in it as JSON messages.

    Raises:
        NotFound: There is no such suite, or a prompt of it is gone.
        BadInput: It cannot be used.
    """
    suite = ws.suites.load(name, accept_losses=True)
    plan = ws.runs.plan(suite)
    writer = Writer()
    config = writer.config(
        description=suite.description or suite.name,
        prompts=[replace(pinned.prompt, name=pinned.title) for pinned in plan.prompts],
        models=[model.to_dict() for model in plan.models],
        cases=[
            ExportedCase(
                case.id, case.vars, case.expected, case.metadata, [spec.to_dict() for spec in case.scorers]
            )
            for case in plan.cases
        ],
        scorers=[spec.to_dict() for spec in suite.scorers],
        repeats=suite.repeats,
    )
    notes = list(writer.notes)
    if suite.gate is not None:
        notes.append("the gate has no counterpart and is left out")
    return Exported(config, tuple(notes))
