"""From long frames to arrays: codes for columns, and slices by metadata field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.errors import BadInput

SCORE_COLUMNS = ("prompt", "version", "model", "case_id", "repeat", "scorer", "value", "error")
CELL_COLUMNS = ("prompt", "version", "model", "case_id", "repeat", "cost_usd", "latency_s", "error")
#: A field with more values than this is an identifier rather than a slice: only the largest are shown.
MAX_SLICES_PER_FIELD = 50

Slices = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class SliceView:
    """One field over a list of cases: ``codes`` gives each case's position in ``labels``, or −1 for left out."""

    field: str
    labels: list[str]
    codes: NDArray[np.intp]
    dropped: int = 0


def require_columns(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise BadInput where a frame lacks one of the columns that it must have."""
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise BadInput(f"{what} lack the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")


def slice_label(field: str, value: Any) -> str:
    """Name a slice, such as ``task=snarks``; a null is ``task=(none)``."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        text = "(none)"
    elif isinstance(value, str):
        text = value
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return f"{field}={text}"


def slice_views(slices: Slices | None, case_ids: Sequence[str]) -> list[SliceView]:
    """Return one view a field, its labels in natural order; fields with one value only are kept.

    Of a field with more than `MAX_SLICES_PER_FIELD` values the ones with most cases are kept (a choice that
    does not look at any score), and ``dropped`` counts the others.
    """
    views = []
    for field, values in (slices or {}).items():
        labels = pd.Series([slice_label(field, values.get(case)) for case in case_ids], dtype=object)
        counts = labels.value_counts(sort=False)
        chosen = sorted(counts.index, key=lambda label: (-int(counts[label]), label))[:MAX_SLICES_PER_FIELD]
        chosen.sort(key=natural_key)
        position = {label: i for i, label in enumerate(chosen)}
        codes = np.array([position.get(label, -1) for label in labels], dtype=np.intp)
        views.append(SliceView(field, chosen, codes, len(counts) - len(chosen)))
    return views


def natural_key(text: str) -> tuple[Any, ...]:
    """Sort key under which ``level=9`` comes before ``level=10``."""
    parts: list[Any] = []
    digits = ""
    for char in f"{text}\0":
        if char.isascii() and char.isdigit():
            digits += char
            continue
        if digits:
            parts.append((0, int(digits[:18]), digits))
            digits = ""
        parts.append((1, 0, char))
    return tuple(parts)


def codes_of(columns: Sequence[pd.Series | NDArray[Any]]) -> tuple[NDArray[np.intp], pd.DataFrame]:
    """Number the distinct rows of some columns in order of appearance; return codes and the distinct rows."""
    combined: NDArray[np.intp] | None = None
    for column in columns:
        codes, values = pd.factorize(np.asarray(column, dtype=object), use_na_sentinel=False)
        if combined is None:
            combined = codes
        else:
            combined, _ = pd.factorize(combined.astype(np.int64) * (len(values) + 1) + codes)
    if combined is None:
        raise ValueError("at least one column is needed")
    first = np.unique(combined, return_index=True)[1]
    distinct = {i: np.asarray(c, dtype=object)[first] for i, c in enumerate(columns)}
    return combined, pd.DataFrame(distinct)


def number(value: Any) -> float | None:
    """A float, or None where it is missing, NaN or infinite: JSON has no NaN."""
    if value is None:
        return None
    result = float(value)
    return result if math.isfinite(result) else None


def plain(value: Any) -> Any:
    """A Python scalar of a NumPy one; None for missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.item() if isinstance(value, np.generic) else value


def is_error(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell the rows that hold an error."""
    return frame["error"].notna().to_numpy(bool)


def float_column(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A column as floats, NaN where unknown (all of it where the column is absent)."""
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[column]).to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)
