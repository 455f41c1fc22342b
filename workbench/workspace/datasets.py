"""Datasets of a workspace: files, suites' cases and kept versions under one way of naming them."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import BadInput, DatasetError, NotFound
from workbench.evals.datasets import CaseSource, CaseStream, open_cases
from workbench.evals.datasets.compare import LISTED, DatasetDiff, diff_datasets
from workbench.evals.datasets.duplicates import Duplicates, find_duplicates
from workbench.evals.datasets.export import ExportReport, case_row, finetune_lines
from workbench.evals.datasets.nearness import THRESHOLD
from workbench.evals.datasets.source import Row
from workbench.evals.datasets.splits import DEFAULT_SHARES, FIELD, Stratifier, splitter
from workbench.evals.types import Case
from workbench.files import canonical_json, check_name
from workbench.prompts.content import Prompt
from workbench.store import Store
from workbench.store.datasets import DatasetVersion, chunked
from workbench.workspace.library import current_author
from workbench.workspace.suites import Suites

_VERSION = re.compile(r"(?P<name>.+)@(?P<number>\d{1,9})")


@dataclass(frozen=True)
class DatasetRef:
    """A dataset that was found. ``open`` gives its cases as they are meant, ``open_whole`` those of all splits."""

    name: str
    shown: str
    open: Callable[[], CaseStream]
    open_whole: Callable[[], CaseStream]
    suite: str | None = None
    shares: Mapping[str, float] | None = None
    seed: int = 0
    stratify: str | None = None


@dataclass(frozen=True)
class SplitReport:
    """How many cases each split has, in all and by the value of a field."""

    rows: int
    counts: dict[str, int]
    by: dict[str, dict[str, int]]
    file: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return dict(vars(self))


class Datasets:
    """Reads, keeps, compares, splits, checks and exports datasets of any size."""

    def __init__(self, root: Path, store: Store, suites: Suites) -> None:
        self.root, self.store, self.suites = root, store, suites

    def find(self, ref: str, **told: Any) -> DatasetRef:
        """Return a dataset by a suite's name, a file's path, ``name@3``, ``sha:1a2b3c4d``, or ``run:ID``.

        Args:
            ref: What names it.
            told: Fields of `CaseSource` that say how to read a file.

        Raises:
            NotFound: There is none of that name.
        """
        found = self._suite(ref) or self._kept(ref) or self._pinned(ref)
        if found is not None:
            if told:
                raise BadInput(
                    f"{found.shown} is read as it was saved, so nothing can be said of its columns or format",
                    hint="name a file, or change `cases:` in the suite",
                )
            return found
        path = next((p for p in (Path(ref).expanduser(), self.root / ref) if p.exists()), None)
        if path is None:
            raise NotFound(
                f'There is no dataset "{ref}"',
                hint="name a suite, a file, name@3 of a kept version, sha:… of its content, or run:ID",
            )
        source = CaseSource(str(path.resolve()), **told)
        return self._of_source(_stem(path), source, Path())

    def _of_source(self, name: str, source: CaseSource, base: Path, suite: str | None = None) -> DatasetRef:
        return DatasetRef(
            name,
            source.shown,
            lambda: open_cases(source, base=base),
            lambda: open_cases(source.whole(), base=base),
            suite,
            source.splits,
            source.seed,
            source.stratify,
        )

    def _suite(self, ref: str) -> DatasetRef | None:
        cases = self.suites.cases(ref)
        if cases is None:
            return None
        name = cases.file.parent.name
        if cases.source is not None:
            return self._of_source(name, cases.source, cases.file.parent, suite=ref)
        return DatasetRef(name, f"cases of {ref}", cases.open, cases.open, ref)

    def _kept(self, ref: str) -> DatasetRef | None:
        match = _VERSION.fullmatch(ref)
        if match is not None:
            version = self.store.datasets.get(match["name"], int(match["number"]))
        elif ref.startswith("sha:"):
            found = self.store.datasets.with_content(ref[4:]) if len(ref) > 7 else None
            if found is None:
                return None
            version = found
        else:
            return None
        opener = _opener(version.title, lambda: self.store.datasets.rows(version))
        return DatasetRef(version.name, version.title, opener, opener)

    def _pinned(self, ref: str) -> DatasetRef | None:
        """Return the cases that a run was pinned to."""
        if ref.startswith("run:"):
            record = self.store.runs.get(ref[4:])
            rows = self.store.runs.cases(record.plan["dataset_sha256"])
            name = record.suite
        elif ref.startswith("sha:") and len(ref) > 7:
            rows, name = self.store.datasets.run_cases(ref[4:]), "runs"
        else:
            return None
        if rows is None:
            raise NotFound(f'No dataset is kept as "{ref}"', hint="`workbench dataset versions` lists them")
        opener = _opener(ref, lambda: iter(rows))
        return DatasetRef(name, ref, opener, opener)

    # -- versions --------------------------------------------------------------------------------------

    def save(
        self, ref: str, *, name: str | None = None, message: str = "", **told: Any
    ) -> tuple[DatasetVersion, bool]:
        """Keep a dataset as it is now, and return the version with whether it is a new one.

        Raises:
            DatasetError: It cannot be read, or has no case.
        """
        found = self.find(ref, **told)
        name = check_name(name or found.name, "name of a dataset")
        stream = found.open()
        lines = (canonical_json({"id": case.id, **json.loads(text)}) for case, text in stream.with_content())
        chunks = [self.store.datasets.put_chunk(piece) for piece in chunked(lines)]
        if not chunks:
            raise DatasetError(*stream.nothing(), file=stream.file, hint="write at least one")
        about = stream.about()
        return self.store.datasets.add(
            name,
            sha256=stream.sha256,
            rows=stream.taken,
            source=found.shown,
            about=about,
            chunks=chunks,
            author=current_author(),
            message=message,
        )

    def versions(self, name: str | None = None) -> tuple[list[DatasetVersion], list[dict[str, Any]]]:
        """Return the kept versions, and the datasets that runs are pinned to."""
        return self.store.datasets.list(name), self.store.datasets.run_datasets(name)

    def diff(self, a: str, b: str, *, listed: int = LISTED) -> DatasetDiff:
        """Return what differs from ``a`` to ``b``."""
        return diff_datasets(self.find(a).open, self.find(b).open, listed=listed)

    # -- looking into ----------------------------------------------------------------------------------

    def duplicates(self, ref: str, *, threshold: float = THRESHOLD, **told: Any) -> Duplicates:
        """Return the cases that ask the same as another one, in all splits."""
        if not 0.5 <= threshold <= 1:
            raise BadInput(
                f"Nearness {threshold:g} cannot be searched for", hint="give a number from 0.5 to 1"
            )
        return find_duplicates(self.find(ref, **told).open_whole, threshold=threshold)

    def split(
        self,
        ref: str,
        *,
        by: str | None = None,
        shares: Mapping[str, float] | None = None,
        seed: int | None = None,
        out: Path | None = None,
        **told: Any,
    ) -> SplitReport:
        """Count the splits of a dataset, as its suite has them, or exactly within the strata of ``by``.

        With ``out`` the cases are written there as JSONL with their split in the metadata, where it stays.

        Raises:
            DatasetError: No case has the field, or the file cannot be written.
        """
        found = self.find(ref, **told)
        shares = dict(shares or found.shares or DEFAULT_SHARES)
        seed = found.seed if seed is None else seed
        names: Iterator[str]
        if by is None:
            names = map(splitter(shares, seed, found.stratify), found.open_whole())
        else:
            stratifier, known = Stratifier(shares, seed=seed, by=by), False
            for case in found.open_whole():
                known = known or by in case.metadata
                stratifier.add(case)
            if not known:
                raise DatasetError(
                    f'No case has "{by}" in its metadata', hint="name one that `dataset show` lists"
                )
            names = (stratifier.names[index] for index in stratifier.assign())
        counts: dict[str, int] = dict.fromkeys(shares, 0)
        strata: dict[str, dict[str, int]] = {}
        rows = 0

        def lines() -> Iterator[str]:
            nonlocal rows
            for case, name in zip(found.open_whole(), names, strict=True):
                rows += 1
                counts[name] = counts.get(name, 0) + 1
                if by is not None and (str(case.metadata.get(by)) in strata or len(strata) < 1000):
                    stratum = strata.setdefault(str(case.metadata.get(by)), {})
                    stratum[name] = stratum.get(name, 0) + 1
                row = case_row(case)
                yield json.dumps({**row, "metadata": {**case.metadata, FIELD: name}}, ensure_ascii=False)

        if out is not None:
            write_lines(out, lines())
        else:
            for _ in lines():
                pass
        return SplitReport(rows, counts, strata, str(out) if out else None)

    def export(
        self,
        ref: str,
        out: Path,
        *,
        to: str = "finetune",
        prompt: Prompt | None = None,
        split: str | None = None,
        **told: Any,
    ) -> ExportReport:
        """Write a dataset as ``finetune`` chats (of the train split by default) or as native ``jsonl``.

        Raises:
            DatasetError: Test cases were asked for as something to train on, or the file cannot be written.
        """
        found = self.find(ref, **told)
        shares, report = found.shares or DEFAULT_SHARES, ExportReport()
        lines: Iterable[str]
        if to == "jsonl":
            split_of = splitter(shares, found.seed, found.stratify)
            lines = _native(found.open_whole(), split, split_of, report)
        elif prompt is None:
            raise BadInput(
                "Fine-tuning needs the prompt whose messages are trained on", hint="name it with --prompt"
            )
        else:
            lines = finetune_lines(
                found.open_whole,
                prompt,
                split=split or "train",
                shares=shares,
                seed=found.seed,
                report=report,
                stratify=found.stratify,
            )
        write_lines(out, lines)
        return report


def _native(
    cases: Iterable[Case], split: str | None, split_of: Callable[[Case], str], report: ExportReport
) -> Iterator[str]:
    for case in cases:
        name = split_of(case)
        if split is not None and name != split:
            report.leave_out(f"in the split {name}")
            continue
        report.written += 1
        yield json.dumps(case_row(case), ensure_ascii=False)


def _opener(shown: str, rows: Callable[[], Iterator[dict[str, Any]]]) -> Callable[[], CaseStream]:
    def opened() -> CaseStream:
        numbered = (Row(row, None, f"case {number}") for number, row in enumerate(rows(), start=1))
        return open_cases(CaseSource(shown), rows=numbered)

    return opened


def _stem(path: Path) -> str:
    name = re.sub(r"[^\w.-]+", "-", path.name.split(".")[0]).strip("-.")
    return name or "dataset"


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines one by one into a file that appears whole or not at all.

    Raises:
        DatasetError: It cannot be written.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            for line in lines:
                stream.write(line + "\n")
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise DatasetError(f"It cannot be written ({reason})", file=path, hint="check the folder") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
