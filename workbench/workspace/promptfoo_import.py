"""A promptfoo config taken over into the workspace: a suite with its cases, and prompts in the library."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, ConflictError, NotFound
from workbench.evals.datasets.export import case_row
from workbench.evals.suite import load_suite, suite_to_dict
from workbench.evals.types import Case, ScorerSpec, Suite
from workbench.files import check_name, dump_yaml, write_atomic
from workbench.prompts.content import Prompt

if TYPE_CHECKING:
    from workbench.workspace import Workspace
    from workbench.workspace.promptfoo import Imported

CASES = "cases.jsonl"


@dataclass(frozen=True)
class TakenOver:
    """What an import has made: the suite's file, how many cases it has, and the versions of its prompts."""

    name: str
    file: Path
    cases: int
    prompts: tuple[str, ...]
    notes: tuple[str, ...]


def take_over(ws: Workspace, imported: Imported, *, source: Path, name: str | None = None) -> TakenOver:
    """Make a config a suite of the workspace, all of it or nothing.

    Args:
        ws: The workspace.
        imported: The config, read.
        source: Its file, which the suite names.
        name: What the suite is called; by default the config's file, or its folder where the file has the usual name.

    Raises:
        ConflictError: There is such a suite, or a prompt of the same name with another content.
        BadInput: The name cannot be one, or no prompt or model is left of the config.
    """
    called = check_name(name or _name(source), "suite")
    folder = ws.suites.folder / called
    if folder.exists():
        raise ConflictError(
            f"There is already a suite {called}", file=folder, hint="give another name with --name"
        )
    suite = imported.suite
    if not suite.prompts or not suite.models:
        lacking = "prompt" if not suite.prompts else "model"
        raise BadInput(f"No {lacking} is left of this config, so there is no suite to make", file=source)
    prompts = _prompts(ws, suite, called)
    own = {old: prompt.name for old, prompt in prompts.items()}
    rows = [case_row(_renamed_case(case, own)) for case in suite.dataset.cases]
    ws.suites.folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".import-", dir=ws.suites.folder))
    try:
        write_atomic(draft / CASES, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        write_atomic(draft / "suite.yaml", _heading(imported, source) + dump_yaml(_suite_file(suite, own)))
        made = load_suite(draft, root=ws.root)
        if len(made.dataset.cases) != len(rows):
            raise BadInput("The cases of this config do not come back from a file", file=source)
        titles = tuple(_saved(ws, prompt, source) for prompt in prompts.values())
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return TakenOver(called, folder / "suite.yaml", len(rows), titles, _notes(suite))


def _name(source: Path) -> str:
    stem = source.stem
    return source.resolve().parent.name or "promptfoo" if stem.lower() == "promptfooconfig" else stem


def _prompts(ws: Workspace, suite: Suite, called: str) -> dict[str, Prompt]:
    """Return the config's prompts as they are to be called; one without a label is named after the suite."""
    known, found = set(ws.prompts.names()), {}
    for old, prompt in suite.own_prompts.items():
        plain = old.startswith(("prompt-", "rubricPrompt"))
        name = check_name(f"{called}-{old}"[:100] if plain else old, "prompt")
        found[old] = replace(prompt, name=name)
        if name in known and ws.prompts.get(name).sha256 != found[old].sha256:
            raise ConflictError(
                f"There is already a prompt {name} with another content",
                hint="give the prompt another `label`",
            )
    return found


def _saved(ws: Workspace, prompt: Prompt, source: Path) -> str:
    try:
        parent: int | None = ws.prompts.get(prompt.name).number
    except NotFound:
        parent = None
    version = ws.prompts.save(prompt, parent=parent, message=f"From {source.name}").version
    return f"{version.name}@{version.number}"


def _suite_file(suite: Suite, own: Mapping[str, str]) -> dict[str, Any]:
    data = {key: value for key, value in suite_to_dict(suite).items() if value not in (None, "", [], {})}
    data["prompts"] = [own[name] for name in suite.prompts]
    if data.get("repeats") == 1:
        del data["repeats"]
    return {**data, "cases": CASES}


def _renamed_case(case: Case, own: Mapping[str, str]) -> Case:
    return replace(case, scorers=tuple(_renamed(spec, own) for spec in case.scorers))


def _renamed(spec: ScorerSpec, own: Mapping[str, str]) -> ScorerSpec:
    """Return a scorer that names the judges' prompts as the library does."""

    def in_entry(entry: dict[str, Any]) -> dict[str, Any]:
        done = dict(entry)
        if done.get("judge_prompt") in own:
            done["judge_prompt"] = own[done["judge_prompt"]]
        if isinstance(done.get("of"), list):
            done["of"] = [in_entry(part) if isinstance(part, dict) else part for part in done["of"]]
        return done

    return replace(spec, params=in_entry(spec.params))


def _heading(imported: Imported, source: Path) -> str:
    """Say in the file where the suite comes from, and what of it is not honoured."""
    lines = [f"From {source.name} of promptfoo."]
    lines += [f"Not honoured: {loss}" for loss in imported.losses]
    return "".join(f"# {' '.join(line.split())}\n" for line in lines)


def _notes(suite: Suite) -> tuple[str, ...]:
    if not suite.asked:
        return ()
    return (
        "a suite asks all its prompts of all its models, also where tests or providers of the config name some",
    )
