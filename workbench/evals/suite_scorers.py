"""The scorers of a suite: its own, those of included files, formulas, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import SuiteError
from workbench.evals.formula import parse_formula, variable_of
from workbench.evals.own.allowed import HINT, REFUSED, admit, code_allowed, sources_of
from workbench.evals.own.metric_files import cached_files, files_in, is_hub_name
from workbench.evals.reducers import parse_reducer
from workbench.evals.schema import SuiteFile
from workbench.evals.scorers import SCORERS, build_scorer, parse_scorer, scorer_units
from workbench.evals.scorers.groups import GROUPS, as_written
from workbench.evals.scorers.override import overridden, overrides_of
from workbench.evals.scorers.own import MAX_SOURCE
from workbench.evals.scorers.registry import ParamError, suggest
from workbench.evals.suite_source import Source, read_source
from workbench.evals.transform import transform_steps
from workbench.evals.types import Case, ScorerSpec
from workbench.files import read_text

MAX_INCLUDES = 20
MAX_SCORERS = 200


@dataclass(frozen=True)
class Entry:
    """One scorer as it was written, and the place of it."""

    data: Any
    source: Source
    path: tuple[str | int, ...]


def read_scorers(content: SuiteFile, source: Source) -> tuple[ScorerSpec, ...]:
    """Return all scorers of a suite, included ones first and formulas last.

    Raises:
        SuiteError: One of them cannot be used; with file, line and field.
    """
    entries = [*_included(source, ()), *_entries(content.scorers, source), *_formulas(content, source)]
    if len(entries) > MAX_SCORERS:
        raise source.error(f"there are over {MAX_SCORERS} scorers", "scorers", hint="remove some")
    taken: set[str] = set()
    # Names that are given come first, so that a name made from a type never takes one of them.
    named = {str(e.data["name"]) for e in entries if isinstance(e.data, dict) and e.data.get("name")}
    specs = []
    for entry in entries:
        given = isinstance(entry.data, dict) and entry.data.get("name") is not None
        pool = set(taken) if given else taken | named
        before = set(pool)
        try:
            specs.append(parse_scorer(_with_files(entry.data, entry), taken=pool))
        except ParamError as problem:
            path = _as_in_file(entry.data, problem.path)
            raise entry.source.error(problem.message, *entry.path, *path, hint=problem.hint) from None
        if specs[-1].type == "override":
            raise entry.source.error("an override belongs among the scorers of a case", *entry.path)
        taken |= pool - before
    _admit(specs, entries, source)
    for_all = _for_all(content, source)
    specs = [for_all(spec) for spec in specs]
    _check_formulas(specs, entries)
    _check_compared(specs, entries)
    for spec, entry in zip(specs, entries, strict=True):
        kind, k = parse_reducer(spec.reducer)
        if k > content.repeats:
            raise entry.source.error(
                f"{kind} needs {k} answers to a case, and the suite asks for {content.repeats}",
                *entry.path,
                hint=f"write `repeats: {k}` or more",
            )
    return tuple(specs)


def with_suite_fields(
    cases: tuple[Case, ...], content: SuiteFile, source: Source, specs: Sequence[ScorerSpec]
) -> tuple[Case, ...]:
    """Return cases whose own scorers have what the suite wants of all scorers.

    Raises:
        SuiteError: A case changes a scorer that is not there, or in a way that does not fit it.
    """
    for_all = _for_all(content, source)
    changed = [
        replace(case, scorers=tuple(for_all(s) for s in case.scorers)) if case.scorers else case
        for case in cases
    ]
    shared = [build_scorer(spec) for spec in specs]
    for case in changed:
        if not any(spec.type == "override" for spec in case.scorers):
            continue
        try:
            overridden(shared, overrides_of(case))
        except ParamError as problem:
            raise source.error(f"case {case.id}: {problem.message}", "cases", hint=problem.hint) from None
    return tuple(changed)


def _entries(items: list[Any], source: Source) -> list[Entry]:
    return [Entry(item, source, ("scorers", index)) for index, item in enumerate(items)]


def _formulas(content: SuiteFile, source: Source) -> list[Entry]:
    found = []
    for name, value in content.derived.items():
        data = {"formula": value} if isinstance(value, str) else value
        if not isinstance(data, dict):
            raise source.error("a derived metric is a formula, or a mapping with one", "derived", name)
        found.append(Entry({"type": "derived", "name": name, **data}, source, ("derived", name)))
    return found


def _included(source: Source, above: tuple[Source, ...]) -> list[Entry]:
    """Return the scorers of the files that a file includes, and of those that these include."""
    wanted = source.data.get("include") or []
    names = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise source.error("include is a path or a list of paths", "include")
    found: list[Entry] = []
    chain = (*above, source)
    for index, name in enumerate(names):
        path = source.inside(name, "include", index)
        if any(path == one.file.resolve() for one in chain):
            raise source.error("the included files include each other in a circle", "include", index)
        if len(chain) > 5 or len(names) > MAX_INCLUDES:
            raise source.error("too many files are included", "include", index, hint="put them together")
        inner = read_source(path, source.root, what="included file")
        if not isinstance(inner.data, dict) or not set(inner.data) <= {"scorers", "include"}:
            raise inner.error("an included file holds `scorers:`, and `include:` for further ones")
        items = inner.data.get("scorers") or []
        if not isinstance(items, list):
            raise inner.error("scorers are a list", "scorers")
        found += [*_included(inner, chain), *_entries(items, inner)]
        if len(found) > MAX_SCORERS:
            raise source.error(f"over {MAX_SCORERS} scorers are included", "include", index)
    return found


def _for_all(content: SuiteFile, source: Source) -> Any:
    """Return the function that adds the suite-wide steps to a scorer."""
    try:
        steps = transform_steps(content.transform)
    except ValueError as problem:
        raise source.error(str(problem), "transform") from None
    try:
        parse_reducer(content.reducer)
    except ValueError as problem:
        raise source.error(str(problem), "reducer") from None

    def add(spec: ScorerSpec) -> ScorerSpec:
        if spec.type in ("derived", "override"):
            return spec
        if content.reducer is not None and spec.reducer is None and SCORERS[spec.type].unit == "score":
            spec = replace(spec, reducer=content.reducer)
        return replace(spec, transform=(*steps, *spec.transform)) if steps else spec

    return add


def _check_formulas(specs: list[ScorerSpec], entries: list[Entry]) -> None:
    """Refuse a formula over a scorer that is not there, or that comes after it."""
    known: list[str] = []
    plain = [spec for spec in specs if spec.type != "derived"]
    known += [variable_of(name) for name in scorer_units(plain)]
    together = {variable_of(spec.name) for spec in plain if SCORERS[spec.type].compares}
    for spec, entry in zip(specs, entries, strict=True):
        if spec.type != "derived":
            continue
        for name in sorted(parse_formula(spec.params["formula"]).names):
            if name in together and spec.params.get("over") != "means":
                raise entry.source.error(
                    f'"{name}" looks at several answers together, and a formula at one',
                    *entry.path,
                    hint="compute it `over: means`",
                )
            if name not in known:
                raise entry.source.error(
                    f'no scorer is called "{name}"', *entry.path, hint=suggest(name, known)
                )
        known.append(variable_of(spec.name))


def _check_compared(specs: list[ScorerSpec], entries: list[Entry]) -> None:
    """Refuse a scorer of groups of cases that compares the values of a scorer which gives none."""
    for spec, entry in zip(specs, entries, strict=True):
        wanted = spec.params.get("of")
        if not SCORERS[spec.type].across or wanted is None:
            continue
        known = list(scorer_units([s for s in specs if not SCORERS[s.type].compares]))
        if wanted not in known:
            hint = suggest(str(wanted), known)
            raise entry.source.error(f'no scorer is called "{wanted}"', *entry.path, "of", hint=hint)


def _with_source(data: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """Put the text of a file of code beside its path; code can come from a file under ``evals/`` only."""
    if "source" in data:
        raise entry.source.error(
            "code does not belong in a suite", *entry.path, "source", hint="name its file"
        )
    if not isinstance(data.get("file"), str):
        return data
    path = entry.source.inside(data["file"], *entry.path, "file")
    if not path.is_relative_to((entry.source.root / "evals").resolve()) or path.suffix != ".py":
        raise entry.source.error(
            "a scorer of one's own is a .py file in the workspace's evals folder", *entry.path, "file"
        )
    return {**data, "source": read_text(path, what="file of scorers", max_bytes=MAX_SOURCE, error=SuiteError)}


def _with_metric(data: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """Put the text of a metric's files beside its name."""
    if "files" in data:
        raise entry.source.error(
            "code does not belong in a suite", *entry.path, "files", hint="name its folder"
        )
    name = data.get("metric")
    if not isinstance(name, str):
        return data
    here = entry.source.file.parent / name
    if here.exists() or not is_hub_name(name):
        path = entry.source.inside(name, *entry.path, "metric")
        if not path.is_relative_to((entry.source.root / "evals").resolve()):
            raise entry.source.error("a metric stands in the workspace's evals folder", *entry.path, "metric")
        try:
            return {**data, "files": files_in(path)}
        except SuiteError as problem:
            raise entry.source.error(problem.message, *entry.path, "metric") from None
    files = cached_files(name)
    if files is None:
        owned = name if "/" in name else f"evaluate-metric/{name}"
        fetch = f"hf download {owned} --repo-type space --local-dir evals/{owned.rpartition('/')[2]}"
        raise entry.source.error(
            f"there is no metric {name} in the suite's folder or in this machine's cache, and none is fetched",
            *(*entry.path, "metric"),
            hint=f"`{fetch}`, read it, and name that folder",
        )
    return {**data, "files": files}


def _admit(specs: list[ScorerSpec], entries: list[Entry], source: Source) -> None:
    """Refuse code where the workspace may not run it; else let it run in this process."""
    with_code = [entry for spec, entry in zip(specs, entries, strict=True) if sources_of([spec])]
    if not with_code:
        return
    if not code_allowed(source.root):
        raise with_code[0].source.error(REFUSED, *with_code[0].path, hint=HINT)
    admit(sources_of(specs))


def _as_in_file(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return a path in an entry as the file has it, where groups are written in their short form."""
    written: list[str | int] = []
    for part in path:
        if isinstance(data, dict) and "type" not in data and part in ("of", "n") and part not in data:
            part = next((kind for kind in GROUPS if kind in data), part)
        written.append(part)
        inside_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        data = data[part] if inside_list else data.get(part) if isinstance(data, dict) else None
    return tuple(written)


def _with_files(data: Any, entry: Entry, depth: int = 0) -> Any:
    """Put the content of files in the place of their paths, so that a run holds all it needs."""
    if not isinstance(data, dict) or depth > 10:
        return data
    data = as_written(data)
    if isinstance(data.get("of"), list):
        return {**data, "of": [_with_files(part, entry, depth + 1) for part in data["of"]]}
    kind = data.get("type")
    known = SCORERS.get(kind) or SCORERS.get(kind.removeprefix("not_")) if isinstance(kind, str) else None
    if kind in ("own", "not_own"):
        return _with_source(data, entry)
    if kind in ("metric", "not_metric"):
        return _with_metric(data, entry)
    for param in known.file_params if known else ():
        if isinstance(data.get(param), str):
            path = entry.source.inside(data[param], *entry.path, param)
            data = {**data, param: read_source(path, entry.source.root, what=param).data}
    return data
