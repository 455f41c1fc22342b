"""Which of two answers people preferred, read from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import BadInput
from workbench.evals.datasets.source import Row
from workbench.jobs.comparing_judges import side_names
from workbench.reports.text import clean
from workbench.store.human_labels import PEOPLE, LabelledAnswer
from workbench.workspace.label_import import MAX_LABELS, Imported, is_empty, rows_of, same_text
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_FIRST, _SECOND, _TIE = ("1", "a", "first"), ("2", "b", "second"), ("0", "tie", "both", "same", "neither")


def holds_pairs(path: Path) -> bool:
    """Whether a file is of pairs to choose from, as its first row tells."""
    first = next(iter(rows_of(path)), None)
    return first is not None and "winner" in first.data


def import_pairs(ws: Workspace, run_id: str, path: Path, *, rater: str | None = None) -> Imported:
    """Store which of two answers of a run people preferred, all of a file or none.

    A row names the answers in the order in which they were shown, as ``first`` and ``second``: by their cells, or with
    ``case`` (and ``repeat``) by their versions and models as tables name them. ``winner`` is 1, 2 or tie, or one of
    these names; rows without are left out. Where ``output_1`` and ``output_2`` stand in it, they must be the answers'
    texts.

    Args:
        ws: The workspace.
        run_id: The run.
        path: A CSV, TSV or JSONL file.
        rater: Who chose, where rows do not say; by default whoever works here.

    Raises:
        BadInput: A row names no two answers to one case, another run or output, or no winner; nothing was stored.
    """
    run_id, plan = ws.runs.get(run_id).id, ws.runs.plan_of(run_id)
    rows = [row for row in rows_of(path) if not is_empty(row.data.get("winner"))]
    if len(rows) > MAX_LABELS:
        raise BadInput(f"{path.name} has over {MAX_LABELS:,} rows with a winner", hint="import it in parts")
    if not rows:
        raise BadInput(f"{path.name} names no winner", hint="fill in its column winner")
    names = side_names(plan)
    reader = _Pairs(path, run_id, ws.store.human_labels.answers(run_id, [c.id for c in plan.cases]), names)
    author, chosen = current_author(), {}
    for row in rows:
        first, second = reader.pair(row)
        person = str(row.data.get("rater") or "").strip()[:200] or rater or author
        key = (frozenset((first.id, second.id)), person)
        if key in chosen:
            raise reader.fault(row, f"{person} has chosen between these two above")
        chosen[key] = (first.id, second.id, reader.winner(row, first, second), person)
    replaced = ws.store.human_labels.prefer(run_id, chosen.values(), author)
    answers = {answer for ids, _ in chosen for answer in ids}
    return Imported(len(chosen), replaced, len(answers), {PEOPLE: len(chosen)})


class _Pairs:
    """Finds the two answers that rows are about; every error names its line."""

    def __init__(
        self,
        path: Path,
        run_id: str,
        answers: Sequence[LabelledAnswer],
        names: Mapping[tuple[int, int], str],
    ) -> None:
        self.path, self.run_id, self.names = path, run_id, names
        self.by_id = {str(answer.id): answer for answer in answers}
        self.by_name = {
            (a.cell.case_id, str(a.cell.repeat), names[a.cell.prompt_index, a.cell.model_index]): a
            for a in answers
        }

    def fault(self, row: Row, said: str, hint: str | None = None) -> BadInput:
        return BadInput(said[:1].upper() + said[1:], file=self.path, line=row.line, hint=hint)

    def pair(self, row: Row) -> tuple[LabelledAnswer, LabelledAnswer]:
        if not is_empty(row.data.get("run")) and row.data["run"] != self.run_id:
            raise self.fault(row, f"the answers are of another run than {self.run_id}")
        first, second = (self._answer(row, side) for side in ("first", "second"))
        if first.id == second.id or (first.cell.case_id, first.cell.repeat) != (
            second.cell.case_id,
            second.cell.repeat,
        ):
            raise self.fault(row, "these are no two answers to one case")
        for answer, key in ((first, "output_1"), (second, "output_2")):
            written = row.data.get(key)
            if written is not None and not same_text(str(written), answer.text):
                raise self.fault(
                    row,
                    f"the text in {key} is not the answer in this run",
                    hint="choose from those of this run",
                )
        return first, second

    def _answer(self, row: Row, side: str) -> LabelledAnswer:
        text = str(row.data.get(side) or "").strip()
        named = (str(row.data.get("case") or ""), str(row.data.get("repeat") or 0), text)
        found = self.by_name.get(named) or self.by_id.get(text)
        if found is None or found.error is not None:
            hint = f"give its cell, or its case and one of {', '.join(self.names.values())}"
            raise self.fault(
                row, f"run {self.run_id} has no such answer for {side}: {clean(text)[:60]!r}", hint
            )
        return found

    def winner(self, row: Row, first: LabelledAnswer, second: LabelledAnswer) -> int | None:
        text = str(row.data["winner"]).strip()
        word = text.casefold()
        if word in _TIE:
            return None
        # A cell may be called 1 or 2 as well: the places come first.
        for answer, words in ((first, _FIRST), (second, _SECOND)):
            if word in words:
                return answer.id
        for answer, side in ((first, "first"), (second, "second")):
            if text == str(row.data.get(side) or "").strip():
                return answer.id
        raise self.fault(row, f"{clean(text)[:40]!r} is no winner", hint="write 1, 2 or tie")
