"""Flat tables of a run: CSV for spreadsheets, Parquet for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from workbench.reports.content import Answer, Content, Options
from workbench.reports.text import safe_cell

if TYPE_CHECKING:
    import pyarrow as pa

#: Column → type, for both files. Scorers and slices add columns of their own.
_ANSWER = {
    "run": "string",
    "suite": "string",
    "prompt": "string",
    "version": "int64",
    "model": "string",
    "case": "string",
    "repeat": "int64",
}
_COMPLETION = {
    "output": "string",
    "error": "string",
    "error_message": "string",
    "cost_usd": "double",
    "latency_s": "double",
    "ttft_s": "double",
    "input_tokens": "int64",
    "output_tokens": "int64",
    "cached": "bool",
    "finish_reason": "string",
    "resolved_model": "string",
    "tool_calls": "string",
    "logprobs": "string",
}
_RESULT = {
    "run": "string",
    "suite": "string",
    "kind": "string",
    "version": "string",
    "model": "string",
    "baseline": "string",
    "metric": "string",
    "slice": "string",
    "unit": "string",
    "n": "int64",
    "errors": "int64",
    "value": "double",
    "ci_low": "double",
    "ci_high": "double",
    "a": "double",
    "b": "double",
    "p": "double",
    "p_adjusted": "double",
    "verdict": "string",
    "method": "string",
}
_BATCH = 500


def columns(content: Content, options: Options) -> dict[str, str]:
    """Return the columns of the table with their types, in order."""
    if options.rows == "results":
        return dict(_RESULT)
    found = {**_ANSWER, **{f"slice:{name}": "string" for name in content.plan.slices}}
    for name in content.units:
        found |= {f"score:{name}": "double", f"passed:{name}": "bool", f"score_error:{name}": "string"}
    completion = dict(_COMPLETION)
    if options.outputs is False:
        for name in ("output", "tool_calls", "logprobs"):
            del completion[name]
    return found | completion


def rows(content: Content, options: Options) -> Iterator[dict[str, Any]]:
    """Yield the table's rows; what is not known is None."""
    if options.rows == "results":
        yield from _results(content)
        return
    known = set(content.units)
    for answer in content.answers():
        yield _answer(content, answer, known)


def _answer(content: Content, answer: Answer, known: set[str]) -> dict[str, Any]:
    completion = answer.completion
    row: dict[str, Any] = {
        "run": content.run["run"],
        "suite": content.run["suite"],
        "prompt": answer.prompt.name,
        "version": answer.prompt.number or None,
        "model": answer.model,
        "case": answer.case.id,
        "repeat": answer.repeat,
        "output": None if completion.error else completion.text,
        "error": completion.error,
        "error_message": completion.error_message,
        "cost_usd": completion.cost_usd,
        "latency_s": completion.latency_s,
        "ttft_s": completion.ttft_s,
        "input_tokens": _input_tokens(completion.usage),
        "output_tokens": completion.usage.output,
        "cached": completion.cached,
        "finish_reason": completion.finish_reason,
        "resolved_model": completion.resolved_model,
        "tool_calls": _text(list(completion.tool_calls) or None),
        "logprobs": _text(completion.logprobs),
    }
    row |= {f"slice:{name}": _text(answer.case.metadata.get(name)) for name in content.plan.slices}
    for score in answer.scores:
        if score.scorer in known:
            row[f"score:{score.scorer}"] = score.value
            row[f"passed:{score.scorer}"] = score.passed
            row[f"score_error:{score.scorer}"] = score.error
    return row


def _results(content: Content) -> Iterator[dict[str, Any]]:
    same = {"run": content.run["run"], "suite": content.run["suite"]}
    for s in content.summaries:
        version = f"{s.prompt}@{s.version}" if s.version else s.prompt
        yield {
            **same,
            "kind": "mean",
            "version": version,
            "model": s.model,
            "metric": s.scorer,
            "slice": s.slice,
            "unit": s.unit,
            "n": s.n,
            "errors": s.errors,
            "value": s.mean,
            "ci_low": s.ci_low,
            "ci_high": s.ci_high,
            "method": s.method,
        }
    for held in content.comparisons:
        for m in held.comparison.metrics:
            yield {
                **same,
                "kind": "difference",
                "version": held.comparison.b,
                "baseline": held.comparison.a,
                "metric": m.scorer,
                "slice": m.slice,
                "unit": m.unit,
                "n": m.n,
                "errors": m.errors,
                "value": m.diff,
                "ci_low": m.ci_low,
                "ci_high": m.ci_high,
                "a": m.a,
                "b": m.b,
                "p": m.p,
                "p_adjusted": m.p_adjusted,
                "verdict": m.verdict,
                "method": m.method,
            }


def to_csv(content: Content, options: Options) -> str:
    """Return the table as CSV (RFC 4180). No cell is a formula to a spreadsheet, and none has control characters."""
    names = columns(content, options)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([safe_cell(name) for name in names])
    for row in rows(content, options):
        writer.writerow([_cell(row.get(name)) for name in names])
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # A comma's locale and sixteen digits are the reader's business: repr loses nothing.
    return safe_cell(value) if isinstance(value, str) else repr(value)


def to_parquet(content: Content, options: Options) -> bytes:
    """Return the table as a Parquet file: text as the models wrote it, and the run's figures in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = columns(content, options)
    figures = json.dumps({k: v for k, v in content.to_dict().items() if k != "error_cells"})
    schema = pa.schema(
        [
            pa.field(name, getattr(pa, {"bool": "bool_", "double": "float64"}.get(kind, kind))())
            for name, kind in names.items()
        ],
        metadata={"workbench.report": figures},
    )
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        found = rows(content, options)
        while batch := list(islice(found, _BATCH)):
            writer.write_table(_table(batch, schema))
    return sink.getvalue().to_pybytes()


def _table(batch: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            field.name: pa.array([_storable(row.get(field.name)) for row in batch], type=field.type)
            for field in schema
        },
        schema=schema,
    )


def _storable(value: Any) -> Any:
    """Half a surrogate pair is not UTF-8, and a model may well have written one."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _input_tokens(usage: Any) -> int | None:
    """All that was read, from a cache or not; None where it is not known."""
    if usage.input is None:
        return None
    kept = (value for name, value in vars(usage).items() if name.startswith("cache_"))
    return usage.input + sum(value or 0 for value in kept)
