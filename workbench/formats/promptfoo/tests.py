"""The tests of a config: lists, files, tables, scenarios, defaults, and every combination of listed values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from itertools import islice, product
from pathlib import PurePosixPath
from typing import Any

from workbench.formats.promptfoo.findings import Findings, Place
from workbench.formats.promptfoo.folder import Folder, Source, Unreadable, shown
from workbench.formats.promptfoo.nunjucks import Unsupported, is_template, render, resolved
from workbench.formats.promptfoo.rows import ConfigTest, Row, mapping, merged

MAX_TESTS = 20_000
_CODE_OPTIONS = ("transform", "postprocess", "transformVars", "storeOutputAs", "runSerially")
CsvRow = Callable[[Mapping[str, str]], dict[str, Any]]


class TestReader:
    """Reads ``tests``, ``scenarios`` and ``defaultTest``."""

    __test__ = False

    def __init__(self, folder: Folder, source: Source, findings: Findings, csv_row: CsvRow) -> None:
        self.folder, self.source, self.findings, self.csv_row = folder, source, findings, csv_row
        self.default = self._default()

    def read(self) -> tuple[ConfigTest, ...]:
        """Return all tests, each combination of listed values apart."""
        data = self.source.data
        tests, scenarios = data.get("tests"), data.get("scenarios")
        of_scenarios = islice(self._scenarios(scenarios, ("scenarios",)), MAX_TESTS + 1)
        rows = [*self._rows(tests, ("tests",)), *of_scenarios]
        if not rows and not tests and not scenarios:
            rows = [Row({}, self.source.place(), lambda n: self.source.place())]
        found: list[ConfigTest] = []
        for row in rows:
            found += self._tests(row)
            if len(found) > MAX_TESTS:
                self.findings.loss(f"only the first {MAX_TESTS} tests are taken", row.place)
                return tuple(found[:MAX_TESTS])
        return tuple(found)

    def _default(self) -> Row:
        data, place = self.source.data.get("defaultTest"), self.source.place("defaultTest")
        if isinstance(data, str):
            try:
                (path,) = self.folder.find(data)
                source = self.folder.data(path)
                return self._row(source.data, source, ())
            except (Unreadable, ValueError) as problem:
                self.findings.loss(f"`defaultTest` is left out: {problem}", place)
                data = None
        return self._row(data or {}, self.source, ("defaultTest",))

    def _row(self, data: Any, source: Source, path: tuple[str | int, ...]) -> Row:
        data = data if isinstance(data, dict) else {}
        if "asserts" in data and "assert" not in data:
            self.findings.loss(
                "`asserts` is not read, promptfoo's word is `assert`", source.place(*path, "asserts")
            )
        return Row(data, source.place(*path), lambda n: source.place(*path, "assert", n))

    def _rows(self, value: Any, path: tuple[str | int, ...]) -> Iterator[Row]:
        if value is None:
            return
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            here = (*path, index) if isinstance(value, list) else path
            place = self.source.place(*here)
            if isinstance(item, dict) and isinstance(item.get("path"), str) and "vars" not in item:
                if item.get("config"):
                    self.findings.loss("`config` of a file of tests is not used", place)
                item = item["path"]
            if isinstance(item, dict):
                yield self._row(item, self.source, here)
            elif isinstance(item, str):
                try:
                    yield from self._from_files(item)
                except Unreadable as problem:
                    self.findings.loss(f"tests are left out: {problem}", place)
            else:
                self.findings.loss("a test that is no mapping is left out", place)

    def _from_files(self, reference: str) -> Iterator[Row]:
        bare = reference.removeprefix("file://")
        if reference.startswith(("http://", "https://", "huggingface://", "az://", "s3://")):
            raise Unreadable(
                f'"{shown(reference, 60)}" is fetched by promptfoo; download it and name the file'
            )
        if re.search(r"\.(js|cjs|mjs|ts|py)(:\w+)?$", bare):
            raise Unreadable(f'"{shown(bare)}" is code that makes tests, which is not run')
        for path in self.folder.find(bare):
            source = self.folder.data(path)
            rows = source.data if isinstance(source.data, list) else [source.data]
            table = path.suffix.lower() in (".csv", ".tsv")
            for index, row in enumerate(rows):
                if not isinstance(row, dict):
                    self.findings.loss("a test that is no mapping is left out", source.place(index))
                    continue
                if table:
                    row = self._of_table(row, source.place(index))
                elif isinstance(source.data, list):
                    known = {"vars", "assert", "description", "options", "metadata", "threshold"}
                    row = row if known & set(row) or not row else {"vars": row}
                yield self._row(row, source, (index,) if isinstance(source.data, list) else ())

    def _of_table(self, row: dict[str, str], place: Place) -> dict[str, Any]:
        try:
            return self.csv_row(row)
        except Exception as problem:
            if not hasattr(problem, "message"):
                raise
            self.findings.loss(f"columns that are left out: {problem.message}", place)
            return self.csv_row({k: v for k, v in row.items() if not k.startswith("__")})

    def _scenarios(self, value: Any, place: tuple[str | int, ...], within: int = 0) -> Iterator[Row]:
        items = value if isinstance(value, list) else [] if value is None else [value]
        for index, scenario in enumerate(items):
            path = (*place, index) if isinstance(value, list) else place
            if isinstance(scenario, str) and not within:
                yield from self._scenarios_in_files(scenario, path)
                continue
            if not isinstance(scenario, dict):
                self.findings.loss("a scenario that is no mapping is left out", self.source.place(*path))
                continue
            for n, config in enumerate(scenario.get("config") or []):
                if isinstance(config, dict) and config.get("options"):
                    self.findings.difference(
                        "promptfoo does not use the `options` of a scenario's `config`, and so it is here",
                        self.source.place(*path, "config", n),
                    )
            configs = list(self._rows(scenario.get("config"), (*path, "config")))
            tests = list(self._rows(scenario.get("tests"), (*path, "tests")))
            for config, test in product(
                configs, tests or [Row({}, self.source.place(*path), lambda n: Place(""))]
            ):
                yield merged(config, test)

    def _scenarios_in_files(self, reference: str, path: tuple[str | int, ...]) -> Iterator[Row]:
        try:
            for file in self.folder.find(reference):
                there = copy(self)
                there.source = self.folder.data(file)
                yield from there._scenarios(there.source.data, (), within=1)
        except Unreadable as problem:
            self.findings.loss(f"scenarios are left out: {problem}", self.source.place(*path))

    def _tests(self, row: Row) -> Iterator[ConfigTest]:
        default, data = self.default.data, row.data
        options = {**mapping(default.get("options")), **mapping(data.get("options"))}
        self._note_options(options, {**default, **data}, row.place)
        for name in ("prefix", "suffix"):
            # promptfoo takes the default's where a test's own is empty.
            options[name] = options.get(name) or mapping(default.get("options")).get(name)
        if data.get("providerOutput") not in (None, ""):
            self.findings.loss(
                "a test is left out: its `providerOutput` is scored in place of an answer, and here models are asked",
                row.place,
            )
            return
        asserts = [*self._asserts(self.default), *self._asserts(row)]
        threshold = data.get("threshold", default.get("threshold"))
        given = data.get("vars")
        if isinstance(given, str | list):
            given = self._files_of_vars(given if isinstance(given, list) else [given], row)
        given = {**mapping(default.get("vars")), **mapping(given)}
        try:
            combinations = list(self._combinations(given, bool(options.get("disableVarExpansion"))))
        except Unreadable as problem:
            self.findings.loss(f"a test is left out: {problem}", row.place)
            return
        for values in combinations:
            try:
                values = resolved({name: self._value(v) for name, v in values.items()})
            except Unreadable as problem:
                self.findings.loss(f"a test is left out: {problem}", row.place)
                continue
            yield ConfigTest(
                vars=self._rendered(values, row.place),
                values=values,
                asserts=tuple(asserts),
                description=str(data.get("description") or ""),
                metadata={**mapping(default.get("metadata")), **mapping(data.get("metadata"))},
                options=options,
                threshold=float(threshold) if isinstance(threshold, int | float) and threshold else None,
                place=row.place,
                named_prompts=data.get("prompts", default.get("prompts")),
                named_providers=data.get("providers", default.get("providers")),
            )

    def _asserts(self, row: Row) -> list[tuple[Any, Place]]:
        value = row.data.get("assert")
        if isinstance(value, str):
            try:
                return [
                    (item, source.place(n))
                    for path in self.folder.find(value)
                    for source in [self.folder.data(path)]
                    for n, item in enumerate(source.data if isinstance(source.data, list) else [])
                ]
            except Unreadable as problem:
                self.findings.loss(f"assertions are left out: {problem}", row.place)
                return []
        return [
            (item, row.assert_places(n)) for n, item in enumerate(value if isinstance(value, list) else [])
        ]

    def _note_options(self, options: dict[str, Any], test: dict[str, Any], place: Place) -> None:
        for name in _CODE_OPTIONS:
            if options.get(name):
                self.findings.loss(
                    f"`options.{name}` is code or state of promptfoo's, which is not used", place
                )
        if test.get("assertScoringFunction"):
            self.findings.loss(
                "`assertScoringFunction` is code, which is not run: the weighted mean stands", place
            )
        if test.get("provider"):
            self.findings.difference(
                "`provider` of a test is not used: it runs with those of the config", place
            )

    def _files_of_vars(self, references: list[Any], row: Row) -> dict[str, Any]:
        """Return the variables of YAML or JSON files, which stand beside the file that names them."""
        beside = PurePosixPath(row.place.file).parent
        try:
            merged: dict[str, Any] = {}
            for reference in references:
                for path in self.folder.find((beside / str(reference).removeprefix("file://")).as_posix()):
                    merged.update(mapping(self.folder.data(path).data))
            return merged
        except Unreadable as problem:
            self.findings.loss(f"variables are left out: {problem}", row.place)
            return {}

    def _combinations(self, given: dict[str, Any], whole: bool) -> Iterator[dict[str, Any]]:
        axes: list[list[Any]] = []
        for value in given.values():
            if isinstance(value, str) and value.startswith("file://") and not whole:
                axes.append([f"file://{self.folder.shown(path)}" for path in self.folder.find(value)])
            elif isinstance(value, list) and value and isinstance(value[0], str) and not whole:
                axes.append(value)
            else:
                axes.append([value])
        total = 1
        for axis in axes:
            total *= len(axis)
        if total > MAX_TESTS:
            raise Unreadable(f"its lists of values make {total:,} combinations")
        for values in product(*axes):
            yield dict(zip(given, values, strict=True))

    def _value(self, value: Any) -> Any:
        """Return a variable's value with the content of a file in the place of its path."""
        if not isinstance(value, str):
            return value
        if value.startswith("package:"):
            raise Unreadable(f'the variable "{shown(value, 40)}" is code, which is not run')
        if not value.startswith("file://"):
            return value.removesuffix("\n")
        (path,) = self.folder.find(value)
        if path.suffix.lower() in (".yaml", ".yml"):
            return json.dumps(self.folder.data(path).data, ensure_ascii=False, separators=(",", ":"))
        if path.suffix.lower() in (".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp3", ".wav", ".mp4"):
            raise Unreadable(f'the file "{self.folder.shown(path)}" is not read as a variable here')
        return self.folder.text(path).strip()

    def _rendered(self, values: dict[str, Any], place: Place) -> dict[str, Any]:
        """Render each value as promptfoo does before it fills in the prompt."""
        done = {}
        for name, value in values.items():
            if isinstance(value, str) and "{" in value and is_template(value):
                try:
                    value = render(value, values)
                except Unsupported as problem:
                    self.findings.difference(
                        f'the value of "{shown(name, 40)}" holds {problem}, which promptfoo renders as a template; '
                        "it stays text here",
                        place,
                    )
            done[name] = value
        return done
