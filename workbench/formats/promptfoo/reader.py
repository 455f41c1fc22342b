"""A promptfoo config as plain data: prompts, models, tests with their assertions, and what is not honoured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.files import load_yaml, read_text
from workbench.formats.promptfoo.affixes import affixes, with_affixes
from workbench.formats.promptfoo.assertions import AssertionReader
from workbench.formats.promptfoo.filters import filtered
from workbench.formats.promptfoo.findings import Finding, Findings
from workbench.formats.promptfoo.folder import MAX_BYTES, Folder, Source, with_merge_keys, with_references
from workbench.formats.promptfoo.judged import Judges
from workbench.formats.promptfoo.prompts import ConfigPrompt, PromptReader
from workbench.formats.promptfoo.providers import ConfigModel, ProviderReader
from workbench.formats.promptfoo.rows import ConfigTest
from workbench.formats.promptfoo.tests import TestReader
from workbench.prompts.content import Prompt

SUFFIXES = (".yaml", ".yml", ".json")
#: Parts of a config that change nothing about what is asked and how it is scored.
_SILENT = {
    "description", "prompts", "providers", "targets", "tests", "scenarios", "defaultTest", "derivedMetrics",
    "outputPath", "sharing", "tags", "evaluateOptions", "commandLineOptions", "metadata", "$schema",
    "writeLatestResults", "assertionTemplates", "$defs", "definitions",
}  # fmt: skip
_LOST = {
    "redteam": "red teaming makes its tests with promptfoo's remote service, which is not called",
    "extensions": "extensions are code, which is not run",
    "nunjucksFilters": "filters of one's own are code, which is not run",
    "env": "variables set by a config are not read",
    "envPath": "files of environment variables are not read: set them before the run",
    "passRateThreshold": "a pass rate is no gate here: write a `gate` in a suite",
    "tracing": "traces are not recorded here",
    "mcp": "MCP servers are not started",
}


@dataclass(frozen=True)
class Config:
    """What a config asks for.

    ``scorers`` has the entries of each test, in the tests' order, and ``only_prompts`` the prompts of the models that
    are not asked all of them.
    """

    path: Path
    description: str
    prompts: tuple[ConfigPrompt, ...]
    models: tuple[ConfigModel, ...]
    tests: tuple[ConfigTest, ...]
    scorers: tuple[tuple[dict[str, Any], ...], ...]
    derived: tuple[dict[str, Any], ...]
    only_prompts: dict[str, tuple[str, ...]]
    judge_prompts: tuple[Prompt, ...]
    repeats: int
    concurrency: int | None
    findings: tuple[Finding, ...]

    @property
    def losses(self) -> tuple[Finding, ...]:
        """What is left out of a run."""
        return tuple(finding for finding in self.findings if finding.kind == "loss")


def is_promptfoo_file(path: Path) -> bool:
    """Return whether a file is a promptfoo config: by its name, else by its keys."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    if path.name.lower().startswith("promptfooconfig"):
        return True
    try:
        data = load_yaml(read_text(path, what="config", max_bytes=MAX_BYTES), file=path).data
    except BadInput:
        return False
    if not isinstance(data, dict) or {"cases", "models"} & set(data):
        return False
    return bool({"providers", "targets"} & set(data)) and bool(
        {"tests", "prompts", "scenarios", "redteam", "defaultTest"} & set(data)
    )


def read_config(path: Path, *, csv_row: Callable[[Mapping[str, str]], dict[str, Any]]) -> Config:
    """Read a config with the files that it names. Nothing in them is run, and none outside its folder is opened.

    Args:
        path: The config, YAML or JSON.
        csv_row: Returns a row of promptfoo's CSV as one of its tests.

    Raises:
        BadInput: It is no config of promptfoo, or not YAML.
    """
    document = load_yaml(read_text(path, what="promptfoo config", max_bytes=MAX_BYTES), file=path)
    data = with_references(with_merge_keys(document.data))
    if not isinstance(data, dict):
        raise BadInput("This is no promptfoo config, for it is not a mapping", file=path)
    folder, findings = Folder(path.parent), Findings()
    source = Source(path.name, data, document)
    for key in data:
        if key in _LOST:
            findings.loss(f"`{key}`: {_LOST[key]}", source.place(key))
        elif key not in _SILENT and not key.startswith("evaluateOptions."):
            findings.difference(f"`{key}` is not known here and changes nothing", source.place(key))
    found = TestReader(folder, source, findings, csv_row).read()
    own = affixes(found)
    reader = PromptReader(folder, source, findings)
    prompts = reader.read(data.get("prompts"), own=own)
    providers = ProviderReader(folder, source, findings)
    key = "providers" if "providers" in data else "targets"
    models = providers.read(data.get(key), key)
    found = with_affixes(found, own, findings, chats=any(prompt.chat for prompt in prompts))
    only, found = filtered(prompts, models, found, findings)
    names = [prompt.prompt.name for prompt in prompts]
    judges = Judges(folder, findings, _grader(providers, source), reader, len(names) * len(models), names)
    assertions = AssertionReader(folder, findings, judges, models)
    scorers = tuple(tuple(assertions.entries(test)) for test in found)
    judges.note_nameless()
    options = _mapping(data.get("evaluateOptions"))
    return Config(
        path=path,
        description=str(data.get("description") or "").strip(),
        prompts=prompts,
        models=models,
        tests=found,
        scorers=scorers,
        derived=_derived(data.get("derivedMetrics"), source, findings),
        only_prompts=only,
        judge_prompts=tuple(made.prompt for made in judges.prompts.values() if made),
        repeats=_number(options.get("repeat"), 100) or 1,
        concurrency=_number(options.get("maxConcurrency"), 500),
        findings=findings.sorted(),
    )


def _grader(providers: ProviderReader, source: Source) -> Callable[..., dict[str, Any] | None]:
    def grader(named: Any, purpose: str) -> dict[str, Any] | None:
        if isinstance(named, dict) and "id" not in named and {"text", "embedding"} & set(named):
            named = named.get(purpose)
        if not named:
            return None
        models = providers.one(named, source.place("defaultTest", "options", "provider"))
        return models[0].entry() if models else None

    return grader


def _derived(value: Any, source: Source, findings: Findings) -> tuple[dict[str, Any], ...]:
    found = []
    for index, item in enumerate(value if isinstance(value, list) else []):
        place = source.place("derivedMetrics", index)
        name, formula = (item.get("name"), item.get("value")) if isinstance(item, dict) else (None, None)
        if (
            not isinstance(name, str)
            or not isinstance(formula, str)
            or "file://" in formula
            or "=>" in formula
        ):
            findings.loss("a derived metric that is code is left out", place)
            continue
        findings.difference(
            f'the derived metric "{name[:40]}" is made of the means of its metrics here, in promptfoo of their sums',
            place,
        )
        found.append(
            {"type": "derived", "name": name, "formula": formula, "over": "means", "_line": place.line}
        )
    return tuple(found)


def _number(value: Any, most: int) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return min(value, most) if whole and value >= 1 else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
