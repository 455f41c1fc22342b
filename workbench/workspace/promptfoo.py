"""promptfoo configs as suites of a workspace: run unchanged, with what is not honoured told before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import BadInput, WorkbenchError
from workbench.evals.asked_cells import AskedCells
from workbench.evals.datasets import load_cases
from workbench.evals.datasets.promptfoo import promptfoo_row
from workbench.evals.scorers import SCORERS, parse_scorer
from workbench.evals.suite import suite_to_dict
from workbench.evals.types import ScorerSpec, Suite
from workbench.files import canonical_json, sha256_text
from workbench.formats.promptfoo import Config, Finding, is_promptfoo_file, read_config
from workbench.formats.promptfoo.judged import DEFAULT_JUDGE
from workbench.formats.promptfoo.nunjucks import Unsupported, evaluate, js_text
from workbench.llm.types import ModelSpec

__all__ = ["Imported", "Losses", "import_config", "is_promptfoo_file"]
_SHOWN = 20


@dataclass(frozen=True)
class Imported:
    """A config as a suite. ``findings`` are by file and line; ``losses`` those that are left out of a run."""

    suite: Suite
    findings: tuple[Finding, ...]

    @property
    def losses(self) -> tuple[Finding, ...]:
        """What is left out of a run."""
        return tuple(finding for finding in self.findings if finding.kind == "loss")


class Losses(BadInput):
    """A config has parts that cannot be honoured, and nobody has agreed to run the rest."""

    def __init__(self, path: Path, losses: Sequence[Finding]) -> None:
        listed = "; ".join(str(loss) for loss in losses[:_SHOWN])
        more = f"; and {len(losses) - _SHOWN} more" if len(losses) > _SHOWN else ""
        super().__init__(
            f"{path.name} asks for what cannot be honoured here: {listed}{more}",
            hint="run the rest with --accept-losses",
        )
        self.losses = tuple(losses)


def import_config(path: Path) -> Imported:
    """Read a promptfoo config as a suite; its prompts are in the suite, and nothing is written to the library.

    Raises:
        BadInput: It is no config, or no test is left of it.
    """
    config = read_config(path, csv_row=promptfoo_row)
    findings = list(config.findings)
    cases, more = _cases(config)
    findings += more
    derived, more = _derived(config)
    findings += more
    models = tuple(ModelSpec(**model.entry()) for model in config.models)
    asks = any(_asks(entry) for entries in config.scorers for entry in entries)
    suite = Suite(
        name=_name(path),
        description=config.description,
        prompts=tuple(p.prompt.name for p in config.prompts),
        models=models,
        dataset=load_cases(cases, base=path.parent, file=path),
        scorers=derived,
        repeats=config.repeats,
        concurrency=config.concurrency,
        folder=path.parent,
        judge=ModelSpec(DEFAULT_JUDGE) if asks else None,
        own_prompts={p.name: p for p in (*config.judge_prompts, *(p.prompt for p in config.prompts))},
        asked=AskedCells(
            config.only_prompts,
            {
                row["id"]: test.asked
                for row, test in zip(cases, config.tests, strict=True)
                if test.asked != (None, None)
            },
        ),
    )
    content = {**suite_to_dict(suite), "own_prompts": {n: p.sha256 for n, p in suite.own_prompts.items()}}
    if suite.asked:
        content["asked"] = suite.asked.to_dict()
    identity = sha256_text(canonical_json(content) + suite.dataset.sha256)
    return Imported(replace(suite, sha256=identity), tuple(findings))


def _cases(config: Config) -> tuple[list[dict[str, Any]], list[Finding]]:
    if not config.tests:
        raise BadInput(
            "No test is left of this config: " + "; ".join(str(loss) for loss in config.losses[:5]),
            file=config.path,
            hint="put the missing files beside it, or write the tests in it",
        )
    taken: set[str] = set()
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    for test, entries in zip(config.tests, config.scorers, strict=True):
        scorers, wanted = [], [text for entry in entries for text in _expected(entry)]
        if len(set(wanted)) > 1:
            what = "only the first `context-recall` of a test is held against its own text"
            findings.append(Finding("difference", what, test.place.file, test.place.line))
        for entry in _with_threshold(list(entries), test.threshold):
            try:
                parse_scorer(entry)
            except WorkbenchError as problem:
                what = f"the assertion `{entry['name']}` is left out: {problem.message[:150]}"
                findings.append(Finding("loss", what, test.place.file, test.place.line))
                continue
            scorers.append(entry)
        values, printed = _variables(config, test)
        findings += [*printed, *_chats_in_values(config, test, values)]
        row: dict[str, Any] = {
            "id": _id(test, taken),
            "vars": values,
            "metadata": {**test.metadata},
            "scorers": scorers,
        }
        if test.description and test.description != row["id"]:
            row["metadata"]["description"] = test.description
        rows.append({**row, "expected": wanted[0]} if wanted else row)
    return rows, list(dict.fromkeys(findings))


def _expected(entry: dict[str, Any]) -> list[str]:
    """Take out of an entry and its parts what the case is to expect, and return it."""
    found = [entry.pop("_expected")] if "_expected" in entry else []
    parts = entry.get("of")
    return found + [text for part in (parts if isinstance(parts, list) else []) for text in _expected(part)]


def _with_threshold(entries: list[dict[str, Any]], threshold: float | None) -> list[dict[str, Any]]:
    """A test's threshold is one on the weighted mean of its assertions."""
    if threshold is None or not entries:
        return entries
    if len(entries) == 1:
        part = {k: v for k, v in entries[0].items() if k != "name"}
        return [{"type": "all", "name": entries[0]["name"], "of": [part], "threshold": threshold}]
    return [*entries, {"type": "override", "scorer": "overall", "set": {"threshold": threshold}}]


def _variables(config: Config, test: Any) -> tuple[dict[str, Any], list[Finding]]:
    """Return a test's variables as its prompts print them: what is missing prints nothing, as in Nunjucks."""
    chats = bool(config.prompts) and all(prompt.chat for prompt in config.prompts)
    values = dict(test.values if chats else test.vars)
    shaped = {name for prompt in config.prompts for name in prompt.shaped}
    absent = {name for prompt in config.prompts for name in prompt.absent}
    numbers = {name for prompt in config.prompts for name in prompt.with_numbers}
    texts = {name for prompt in config.prompts for name in prompt.with_texts}
    values |= {
        name: _as_compared(values.get(name), name in numbers) for name in numbers ^ texts if name in values
    }
    odd: list[str] = []
    for prompt in config.prompts:
        for name in prompt.names:
            if values.get(name) is None and (name in values or name not in absent):
                values[name] = ""
        for name in prompt.printed:
            if name not in values:
                continue
            if name not in shaped:
                values[name] = js_text(values[name])
            elif not isinstance(values[name], str | int) or isinstance(values[name], bool):
                odd.append(name)
        odd += [text for text in prompt.outputs if _prints_otherwise(text, values)]
    mixed = [
        f"`{name[:40]}` is compared with numbers and with texts, which promptfoo turns into each other"
        for name in sorted(numbers & texts)
    ]
    empty = mixed + [
        f"`{name[:40]}`, which a condition looks at, holds an empty list or mapping, which is true in promptfoo only"
        for name in dict.fromkeys(name for prompt in config.prompts for name in prompt.conditions)
        if _holds_empty(values.get(name))
    ]
    return values, [Finding("difference", said, test.place.file, test.place.line) for said in empty] + [
        Finding(
            "difference",
            f"`{{{{ {name[:40]} }}}}` in a prompt prints a list, a mapping, a boolean or nothing, which looks "
            "otherwise here",
            test.place.file,
            test.place.line,
        )
        for name in dict.fromkeys(odd)
    ]


def _as_compared(value: Any, with_number: bool) -> Any:
    """Return a value as the kind that it is compared with, as JavaScript does, where it prints the same then."""
    if with_number and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        whole = int(number) if number.is_integer() else number
        return whole if js_text(whole) == value else value
    if not with_number and isinstance(value, int | float) and not isinstance(value, bool):
        return js_text(value)
    return value


def _holds_empty(value: Any) -> bool:
    if isinstance(value, list | dict):
        return not value or any(map(_holds_empty, value.values() if isinstance(value, dict) else value))
    return False


def _prints_otherwise(expression: str, values: dict[str, Any]) -> bool:
    """Return whether Jinja2 may print an expression in another way than Nunjucks."""
    try:
        value = evaluate(expression, values)
    except Unsupported:
        return True
    return isinstance(value, bool | float | list | dict)


def _chats_in_values(config: Config, test: Any, values: dict[str, Any]) -> list[Finding]:
    for prompt in config.prompts:
        text = prompt.prompt.messages[0].content.strip() if prompt.prompt.messages else ""
        if prompt.chat or len(prompt.printed) != 1 or text != f"{{{{{prompt.printed[0]}}}}}":
            continue
        value = str(values[prompt.printed[0]]).lstrip()
        if value.startswith("[") and '"role"' in value:
            what = "with this test the prompt is a list of messages, which promptfoo sends as such and is text here"
            return [Finding("difference", what, test.place.file, test.place.line)]
    return []


def _derived(config: Config) -> tuple[tuple[ScorerSpec, ...], list[Finding]]:
    specs, findings, taken = [], [], set()
    for entry in config.derived:
        data = {key: value for key, value in entry.items() if key != "_line"}
        try:
            specs.append(parse_scorer(data, taken=taken))
        except WorkbenchError as problem:
            what = f'the derived metric "{entry["name"][:40]}" is left out: {problem.message[:150]}'
            findings.append(Finding("loss", what, config.path.name, entry["_line"]))
    return tuple(specs), findings


def _asks(entry: dict[str, Any]) -> bool:
    """Return whether an entry or a part of it asks a model that the config does not name."""
    parts = entry.get("of")
    if isinstance(parts, list) and any(map(_asks, parts)):
        return True
    known = SCORERS.get(entry["type"])
    return known is not None and "judge" in known.param_names and not entry.get("judge")


def _id(test: Any, taken: set[str]) -> str:
    """Return an id that stays when other tests come and go: of the description, else of the values."""
    if re.fullmatch(r"\w[\w.-]{0,79}", test.description) and test.description not in taken:
        taken.add(test.description)
        return str(test.description)
    plain = re.sub(r"[^\w]+", "-", test.description.lower()).strip("-")[:60].strip("-")
    base = plain or hashlib.sha256(canonical_json(test.values).encode("utf-8", "replace")).hexdigest()[:12]
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name


def _name(path: Path) -> str:
    stem = re.sub(r"[^\w.-]+", "-", path.stem).strip("-.") or "promptfoo"
    return stem[:80]
