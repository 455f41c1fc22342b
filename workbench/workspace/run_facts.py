"""A run's own figures as plain data, for JSON and reports."""

from __future__ import annotations

from typing import Any

from workbench.store import RunRecord


def run_to_dict(record: RunRecord) -> dict[str, Any]:
    """Return a run's own figures as plain data, without results."""
    return {
        "run": record.id,
        "suite": record.suite,
        "suite_sha256": record.suite_sha256,
        "status": record.status,
        "message": record.message,
        "author": record.author,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
        "cells": {
            "planned": record.planned,
            "done": record.done,
            "errors": record.errors,
            "cached": record.cached,
        },
        "cost_usd": record.cost_usd,
        "cost_unknown": record.cost_unknown,
        "spent_usd": record.spent_usd,
        "judging": {
            "spent_usd": record.judging_usd,
            "calls": record.judging_calls,
            "cost_unknown": record.judging_unknown,
        },
        "active_s": round(record.active_s, 3),
        "prices": _prices_of(record),
        "sequential": record.sequential,
    }


def _prices_of(record: RunRecord) -> dict[str, Any] | None:
    """Return where a run's prices are from: source, version, date, and which of them are the workspace's own."""
    prices = record.plan.get("prices")
    return {k: v for k, v in prices.items() if k != "models"} if prices else None
