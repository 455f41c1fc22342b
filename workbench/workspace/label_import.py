"""People's labels of a run's answers, read from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.evals.datasets.readers import csv_rows, find_delimiter, jsonl_rows
from workbench.evals.datasets.source import Row
from workbench.evals.datasets.texts import find_encoding
from workbench.evals.plan import Plan
from workbench.reports.text import clean
from workbench.store.human_labels import LabelledAnswer
from workbench.workspace.labelling import PREFIX, judges_of, known_scorer
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.workspace import Workspace

MAX_LABELS = 200_000
_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
_WORDS = {
    **dict.fromkeys(("pass", "passed", "yes", "true", "good", "right", "correct"), 1.0),
    **dict.fromkeys(("fail", "failed", "no", "false", "bad", "wrong", "incorrect"), 0.0),
}
#: Spreadsheets keep no longer text in a cell.
_CELL_CHARACTERS = 32_000


@dataclass(frozen=True)
class Imported:
    """What an import brought: labels in all, how many of them replaced earlier ones, and by scorer."""

    labels: int
    replaced: int
    answers: int
    scorers: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {**vars(self), "scorers": dict(self.scorers)}


def import_labels(
    ws: Workspace,
    run_id: str,
    path: Path,
    *,
    scorer: str | None = None,
    rater: str | None = None,
    scale: tuple[float, float] = (0.0, 1.0),
) -> Imported:
    """Store people's labels of a run's answers, all of a file or none.

    A row names its answer by ``cell``, or by ``case`` with as much of ``prompt``, ``version``, ``model`` and ``repeat``
    as it needs. Its labels stand under ``label``, or under ``label:SCORER``; empty ones are left out. Where ``output``
    stands in it, that must be the answer's text.

    Args:
        ws: The workspace.
        run_id: The run.
        path: A CSV, TSV or JSONL file.
        scorer: Whose question ``label`` answers, where rows do not say; by default the only judge's.
        rater: Who labelled, where rows do not say; by default whoever works here.
        scale: What the numbers 0 and 1 of a score are called in the file, such as 1 and 5.

    Raises:
        BadInput: A row names no answer or several, another run or output, no scorer, or no value; nothing was stored.
    """
    outcome = ws.runs.outcome(run_id)
    reader = _Reader(
        path, outcome.run_id, outcome.plan, outcome.units, scorer, rater or current_author(), scale
    )
    if scorer is None:
        judges = judges_of(outcome.units, outcome.specs)
        reader.scorer = judges[0] if len(judges) == 1 else None
    else:
        reader.scorer = known_scorer(scorer, outcome.units)
    rows = [row for row in rows_of(path) if any(True for _ in reader.given(row))]
    if len(rows) > MAX_LABELS:
        raise BadInput(f"{path.name} has over {MAX_LABELS:,} labelled rows", hint="import it in parts")
    cases = None if any("cell" in row.data for row in rows) else {str(row.data.get("case")) for row in rows}
    every = [case.id for case in outcome.plan.cases if cases is None or case.id in cases]
    reader.know(ws.store.human_labels.answers(outcome.run_id, every))
    labels: dict[tuple[int, str, str], float] = {}
    for row in rows:
        for row_id, name, person, value in reader.labels(row):
            if labels.setdefault((row_id, name, person), value) != value:
                raise reader.fault(row, f"{person} has given this answer another label for {name} above")
    if not labels:
        raise BadInput(f"{path.name} holds no label", hint="fill in its column label")
    replaced = ws.store.human_labels.put(
        outcome.run_id, [(*key, value) for key, value in labels.items()], current_author()
    )
    names = [name for _, name, _ in labels]
    return Imported(
        len(labels),
        replaced,
        len({row_id for row_id, _, _ in labels}),
        {name: names.count(name) for name in dict.fromkeys(names)},
    )


def rows_of(path: Path) -> Iterator[Row]:
    """Return the rows of a file of labels.

    Raises:
        BadInput: It is of no known format; or DatasetError, where it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise BadInput(f"Labels are read from {', '.join(_SUFFIXES)}, and {path.name} is none of them")
    encoding, _ = find_encoding(path, None)
    if suffix in (".jsonl", ".ndjson"):
        return jsonl_rows(path, encoding)
    return csv_rows(path, encoding, "\t" if suffix == ".tsv" else find_delimiter(path, encoding))


def is_empty(value: Any) -> bool:
    """Whether nothing was filled in."""
    return value is None or (isinstance(value, str) and not value.strip())


class _Reader:
    """Finds the answers that rows are about; every error names its line."""

    def __init__(
        self,
        path: Path,
        run_id: str,
        plan: Plan,
        units: Mapping[str, str],
        scorer: str | None,
        rater: str,
        scale: tuple[float, float],
    ) -> None:
        self.path, self.run_id, self.plan, self.units = path, run_id, plan, units
        self.scorer, self.rater, self.scale = scorer, rater, scale
        self.by_id: dict[int, LabelledAnswer] = {}
        self.by_case: dict[str, list[LabelledAnswer]] = {}

    def know(self, answers: Sequence[LabelledAnswer]) -> None:
        """Take the answers that rows may be about."""
        for answer in answers:
            self.by_id[answer.id] = answer
            self.by_case.setdefault(answer.cell.case_id, []).append(answer)

    def fault(self, row: Row, said: str, hint: str | None = None) -> BadInput:
        return BadInput(said[:1].upper() + said[1:], file=self.path, line=row.line, hint=hint)

    def given(self, row: Row) -> Iterator[tuple[str | None, Any]]:
        """Yield the labels of a row that are not empty, with the scorer where the column names it."""
        for key, value in row.data.items():
            if is_empty(value):
                continue
            if key == "label":
                yield None, value
            elif key.startswith(PREFIX):
                yield key.removeprefix(PREFIX).strip(), value

    def labels(self, row: Row) -> Iterator[tuple[int, str, str, float]]:
        answer = self._answer(row)
        rater = str(row.data.get("rater") or "").strip() or self.rater
        for name, value in self.given(row):
            name = name or str(row.data.get("scorer") or "").strip() or self.scorer
            if name is None:
                raise self.fault(
                    row, "it does not say whose question the label answers", hint="name it with --scorer"
                )
            yield answer.id, known_scorer(name, self.units), rater[:200], self._value(row, value)

    def _value(self, row: Row, value: Any) -> float:
        if isinstance(value, str):
            word = value.strip().casefold()
            if word in _WORDS:
                return _WORDS[word]
            try:
                value = float(word.replace(",", ".").removeprefix("'"))
            except ValueError:
                raise self.fault(
                    row, f'"{clean(word)[:40]}" is no label', hint="write pass, fail, or a number"
                ) from None
        if isinstance(value, bool):
            return float(value)
        low, high = self.scale
        if not isinstance(value, int | float) or not low <= value <= high:
            raise self.fault(
                row, f"a label lies within {low:g} and {high:g}", hint="name another --scale, such as 1-5"
            )
        return (value - low) / (high - low)

    def _answer(self, row: Row) -> LabelledAnswer:
        if row.data.get("run") not in (None, "", self.run_id):
            raise self.fault(row, f"the answer is of another run than {self.run_id}")
        number = row.data.get("cell")
        if number not in (None, ""):
            text = str(number)
            answer = self.by_id.get(int(text)) if text.isdecimal() and len(text) < 19 else None
            if answer is None:
                raise self.fault(row, f"run {self.run_id} has no cell {clean(text)[:40]}")
        else:
            answer = self._by_names(row)
        if answer.error is not None:
            raise self.fault(row, "this answer failed, so there is nothing to label")
        output = row.data.get("output")
        if output is not None and not same_text(str(output), answer.text):
            raise self.fault(
                row, "the output is not the one in this run", hint="label the answers of this run"
            )
        return answer

    def _by_names(self, row: Row) -> LabelledAnswer:
        case = str(row.data.get("case") or "")
        found = [answer for answer in self.by_case.get(case, ()) if self._is(answer, row)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise self.fault(row, f"run {self.run_id} has no such answer to case {clean(case)[:80]!r}")
        raise self.fault(
            row,
            f"it fits {len(found)} answers to case {clean(case)[:80]}",
            hint="name prompt, version, model and repeat as far as there are several",
        )

    def _is(self, answer: LabelledAnswer, row: Row) -> bool:
        prompt, model = (
            self.plan.prompts[answer.cell.prompt_index],
            self.plan.models[answer.cell.model_index],
        )
        wanted = {key: row.data.get(key) for key in ("prompt", "version", "model", "repeat")}
        own: dict[str, tuple[str, ...]] = {
            "prompt": (prompt.name, prompt.title, prompt.selector),
            "version": (str(prompt.number),),
            "model": (model.name, model.id),
            "repeat": (str(answer.cell.repeat),),
        }
        return all(value in (None, "") or str(value) in own[key] for key, value in wanted.items())


def same_text(written: str, text: str) -> bool:
    """Whether a text is the answer's, whatever a spreadsheet has made of its line ends, beginning and length."""
    one, other = (" ".join(clean(part).lstrip("'").split()) for part in (written, text))
    return one == other or (len(one) > _CELL_CHARACTERS * 0.9 and other.startswith(one[: len(one) - 100]))
