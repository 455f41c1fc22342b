"""A suite of the workspace as a promptfoo config."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.evals.scorers import ScoringError, parse_scorer
from workbench.evals.scorers.texts import fill
from workbench.evals.types import Case, ScorerSpec, ScoringInput
from workbench.files import dump_yaml
from workbench.formats.promptfoo.asserting import javascript_literal
from workbench.formats.promptfoo.writer import ExportedCase, Writer
from workbench.llm.types import Completion

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
                case.id,
                case.vars,
                case.expected,
                case.metadata,
                [_filled(_written_out(spec), case) for spec in (*suite.scorers, *case.scorers)],
            )
            for case in plan.cases
        ],
        repeats=suite.repeats,
        judge=suite.judge.to_dict() if suite.judge else None,
        asked=lambda case: suite.asked.cases.get(case, (None, None)),
    )
    notes = list(writer.notes)
    if suite.asked.models:
        notes.append(
            "the prompts that single models are asked are not written: each model is asked all of them"
        )
    if suite.gate is not None:
        notes.append("the gate has no counterpart and is left out")
    return Exported(config, tuple(notes))


def _written_out(spec: ScorerSpec) -> dict[str, Any]:
    """Return a scorer's entry with the parts of a group in full, which a suite may write in short."""
    entry = spec.to_dict()
    parts = entry.get("of")
    if isinstance(parts, list):
        entry["of"] = [_written_out(parse_scorer(part)) for part in parts]
    return entry


def _filled(entry: dict[str, Any], case: Case) -> dict[str, Any]:
    """Return an entry with the case's values where it names them: promptfoo is given plain texts."""
    done, cell = dict(entry), ScoringInput("", case, Completion(""))
    if isinstance(done.get("of"), list):
        done["of"] = [_filled(part, case) for part in done["of"]]
    if done["type"] == "promptfoo":
        return done
    with suppress(ScoringError):  # The scorer fails on this case here; there it stays as it is written.
        value = done.get("value")
        if isinstance(value, str):
            done["value"] = fill(value, cell)
        elif isinstance(value, list):
            done["value"] = [fill(item, cell) if isinstance(item, str) else item for item in value]
        if isinstance(done.get("pattern"), str):
            done["pattern"] = fill(done["pattern"], cell, javascript_literal)
    return done
