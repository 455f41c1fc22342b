"""Cases that a model proposed, in ``proposed.jsonl`` beside a suite, until a person accepts or rejects them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import BadInput, NotFound
from workbench.evals.datasets.export import case_row
from workbench.evals.datasets.nearness import THRESHOLD, case_text
from workbench.evals.types import Case
from workbench.files import canonical_json, read_jsonl, sha256_text, write_atomic

FILE = "proposed.jsonl"
#: Cases that a proposal is held against.
MAX_COMPARED = 20_000
#: Pairs of texts that are compared each time proposals are shown; beyond it stays what was found when they came.
PAIRS_SHOWN = 300_000


@dataclass(frozen=True)
class Proposal:
    """A proposed case; ``like`` and ``same`` are the id of a case that asks nearly, or just, the same, or None."""

    case: Case
    like: str | None = None
    same: str | None = None  # found when it is shown, and not kept


def proposals_in(folder: Path) -> list[Proposal]:
    """Return what was proposed for the suite in this folder.

    Raises:
        BadInput: The file cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    found = []
    for number, row in read_jsonl(path, what="file of proposed cases"):
        case_id, values, metadata = row.get("id"), row.get("vars"), row.get("metadata", {})
        if not (isinstance(case_id, str) and isinstance(values, dict) and isinstance(metadata, dict)):
            raise BadInput(
                "A proposed case needs its id and vars", file=path, line=number, hint="remove the line"
            )
        like = row.get("like")
        case = Case(case_id, values, row.get("expected"), metadata)
        found.append(Proposal(case, like if isinstance(like, str) else None))
    return found


def keep_proposals(folder: Path, proposals: Iterable[Proposal]) -> Path:
    """Write all that is proposed for a suite and return the file; it is removed when nothing is left."""
    path = folder / FILE
    rows = [{**case_row(p.case), **({"like": p.like} if p.like else {})} for p in proposals]
    if rows:
        write_atomic(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
        path.unlink(missing_ok=True)
    return path


def taken_out(proposals: Sequence[Proposal], ids: Sequence[str]) -> tuple[list[Proposal], list[Proposal]]:
    """Return the named proposals (``all`` names each) and those that are left.

    Raises:
        NotFound: One is not there.
    """
    known = {proposal.case.id for proposal in proposals}
    wanted = known if "all" in ids else set(ids)
    missing = sorted(wanted - known)
    if missing:
        raise NotFound(
            f'No case "{missing[0]}" is proposed', hint="`workbench cases review SUITE` lists them"
        )
    return (
        [p for p in proposals if p.case.id in wanted],
        [p for p in proposals if p.case.id not in wanted],
    )


def held_against(proposals: Sequence[Proposal], cases: Sequence[Case]) -> list[Proposal]:
    """Return the proposals with what they repeat of the cases that there are by now, and of each other."""
    texts: dict[str, str] = {}
    for case in cases[:MAX_COMPARED]:
        texts.setdefault(case_text(case), case.id)
    known = {*(case.id for case in cases), *(proposal.case.id for proposal in proposals)}
    few = len(proposals) * (len(texts) + len(proposals)) <= PAIRS_SHOWN
    found = []
    for proposal in proposals:
        text, like = case_text(proposal.case), proposal.like
        same = texts.get(text)
        if like not in known:
            like = _nearest(text, texts) if few and same is None else None
        found.append(Proposal(proposal.case, None if same else like, same))
        texts.setdefault(text, proposal.case.id)
    return found


def _nearest(text: str, texts: dict[str, str]) -> str | None:
    from rapidfuzz import fuzz, process

    near = process.extractOne(text, list(texts), scorer=fuzz.ratio, score_cutoff=100 * THRESHOLD)
    return texts[near[0]] if near else None


def read_proposals(
    data: Any, variables: Sequence[str], existing: Sequence[Case], about: dict[str, Any]
) -> tuple[list[Proposal], int]:
    """Return the new cases of a model's reply, and how many of its rows cannot be used.

    A row needs exactly the variables, and must not ask what another one asks. One that asks nearly the same is kept and
    says so.

    Args:
        data: The list that the model wrote.
        variables: The names that every case fills.
        existing: The cases that there are, proposed ones included.
        about: What every proposal's metadata says of its origin, under ``generated``.
    """
    texts = {case_text(case): case.id for case in existing[:MAX_COMPARED]}
    found, unusable = [], 0
    for row in data if isinstance(data, list) else []:
        values = row.get("vars") if isinstance(row, dict) else None
        if not isinstance(values, dict) or set(values) != set(variables):
            unusable += 1
            continue
        metadata = row.get("metadata") if isinstance(row.get("metadata"), dict) else {}
        case = Case(
            f"proposed-{sha256_text(canonical_json(values))[:10]}",
            values,
            row.get("expected"),
            {**metadata, "generated": about},
        )
        text = case_text(case)
        if text in texts:
            unusable += 1
            continue
        found.append(Proposal(case, _nearest(text, texts)))
        texts[text] = case.id
    return found, unusable
