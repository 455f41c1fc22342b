"""Datasets: cases read from any file that people keep them in, identified by content, split, compared and checked."""

from __future__ import annotations

from workbench.evals.datasets.cases import CaseStream, load_cases, open_cases
from workbench.evals.datasets.collector import ROW_KEYS
from workbench.evals.datasets.columns import EXPECTED_NAMES
from workbench.evals.datasets.source import SUFFIXES, CaseSource, Found

__all__ = [
    "EXPECTED_NAMES",
    "ROW_KEYS",
    "SUFFIXES",
    "CaseSource",
    "CaseStream",
    "Found",
    "load_cases",
    "open_cases",
]
