"""A run as one HTML file that needs nothing else: no network, no other file, legible without its script.

Its own policy allows exactly its own style and script (by their SHA-256) and nothing besides, so that even a fault in
escaping could run nothing. Light and dark follow the reader's system.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path

import pandas as pd

from workbench import __version__
from workbench.analysis.gate import GateResult
from workbench.analysis.relative import relative_sentence
from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.summary import Summary
from workbench.analysis.wording import amount, count, difference, interval, p_text, seconds, usd
from workbench.evals.scorers.corpus import CorpusRow
from workbench.prompts.diff import Segment, diff_prompts
from workbench.reports import page_cases, svg
from workbench.reports.content import Content, Held, Options
from workbench.reports.latency import latency_rows
from workbench.reports.markdown import ratio_text, version_name
from workbench.reports.page_preferences import labels_html, preferences_html
from workbench.reports.page_table import table, text
from workbench.reports.text import clean, price_words, short_name

#: A table of scores with more rows than this is nobody's to read; CSV has them all.
MAX_ROWS = 400
_ASSETS = Path(__file__).parent / "assets"


def to_html(content: Content, options: Options) -> str:
    """Return the page. ``options.outputs`` False leaves the models' words out of it."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_sha(style)}'; script-src '{_sha(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    title = text(f"{content.run['suite']}: run {content.run['run']}", 150)
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy, quote=True)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>",
        *_body(content, options),
        f"</main>\n<script>{script}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _body(content: Content, options: Options) -> Iterator[str]:
    yield from _head(content)
    if not content.complete:
        cells = content.run["cells"]
        left = cells["planned"] - cells["done"]
        said = f"{count(left, 'answer')} missing, {count(cells['errors'], 'answer')} failed."
        head = f'<p class="said">Incomplete: {text(content.run["status"])}</p>'
        yield f'<div class="verdict warn">{head}<p>{said}</p></div>'
    gates = [held.gate for held in content.comparisons if held.gate]
    if content.gate is not None and content.gate not in gates:
        yield f'<div class="verdict">{_gate(content.gate)}</div>'
    if content.limits:
        rules = [(rule["status"], rule["reason"]) for rule in content.limits]
        yield f'<div class="verdict"><p><span class="word">Limits</span></p>{_rules(rules)}</div>'
    for held in content.comparisons:
        yield from _comparison(held)
    yield from _charts(content)
    for held in content.comparisons:
        yield from _changed(held)
    yield from page_cases.cases(content, options)
    if content.summaries:
        yield f"<h2>All scores</h2>{_summaries(content.summaries)}"
    if content.corpus:
        yield f"<h2>Over all answers</h2>{_corpus(content.corpus)}"
    if content.preferences or content.labels:
        told = labels_html(content.labels) + preferences_html(content.preferences)
        yield f"<h2>All versions and models</h2>{told}"
    yield from _foot(content)


def _head(content: Content) -> Iterator[str]:
    run = content.run
    cost = usd(run["cost_usd"]) if run["cost_usd"] is not None or not run["cost_unknown"] else "unknown"
    if run["cost_usd"] is not None and run["cost_unknown"]:
        cost += f" and {run['cost_unknown']:,} unknown"
    facts = {
        "Answers": f"{run['cells']['done']:,} of {run['cells']['planned']:,}",
        "Errors": f"{run['cells']['errors']:,}",
        "Cases": f"{len(content.plan.cases):,}",
        "Cost": cost,
        "Time": seconds(run["active_s"]),
        "Versions": ", ".join(short_name(p.title) for p in content.plan.prompts),
        "Models": ", ".join(short_name(_model(m.name)) for m in content.plan.models),
    }
    if run["cost_usd"]:
        facts["Prices"] = price_words(run["prices"])
    yield f"<header><h1>{text(run['suite'])}</h1>"
    when = str(run["finished_at"] or run["created_at"])[:16].replace("T", " ")
    said = f"Run {run['run']}, {run['status']}, {when} UTC, by {run['author']}"
    yield f'<p class="soft">{text(said, 200)}</p>'
    rows = "".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items())
    yield f'<dl class="facts">{rows}</dl></header>'


def _model(name: str) -> str:
    from workbench.llm.offline import OFFLINE_ID, OFFLINE_NOTE

    return f"{name} ({OFFLINE_NOTE})" if name == OFFLINE_ID else name


def _comparison(held: Held) -> Iterator[str]:
    comparison = held.comparison
    kind = comparison.verdict.replace(" ", "-")
    gate = _gate(held.gate) if held.gate else ""
    yield f'<div class="verdict {kind}"><p class="said">{escape(clean(comparison.headline))}</p>{gate}'
    if comparison.warnings:
        items = "".join(f"<li>{escape(clean(w))}</li>" for w in comparison.warnings)
        yield f'<ul class="notes">{items}</ul>'
    yield "</div>"
    yield f"<h2>{text(comparison.b)} against {text(comparison.a)}</h2>{_metrics(comparison)}"
    yield labels_html(comparison.labels)
    yield preferences_html(comparison.preferences)


def _gate(gate: GateResult) -> str:
    head = f'<p><span class="word {gate.status}">Gate {gate.status}</span></p>'
    return head + _rules([(rule.status, rule.reason) for rule in gate.rules])


def _rules(rules: Sequence[tuple[str, str]]) -> str:
    lines = (
        f'<li><span class="word {status}">{status}</span> {escape(clean(reason))}</li>'
        for status, reason in rules
    )
    return f'<ul class="rules">{"".join(lines)}</ul>'


def _metrics(comparison: Comparison) -> str:
    level = f"{comparison.confidence * 100:g} % interval"
    sides = (text(comparison.a, 30), text(comparison.b, 30))
    head = ("Metric", *sides, "Difference", level, "n", "p", "Verdict")
    said = [m for m in comparison.metrics if m.slice is None or m.verdict not in ("undecided", "equivalent")]
    quiet = [m for m in comparison.metrics if m not in said]
    first = table(head, [*map(_metric_row, said[:MAX_ROWS]), *_spending(comparison)], numeric=range(1, 7))
    if relative := relative_sentence(comparison.primary, comparison.confidence):
        first += f'<p class="soft">{escape(clean(relative))}</p>'
    if not quiet:
        return first
    rest = table(head, [_metric_row(m, whole=False) for m in quiet[:MAX_ROWS]], numeric=range(1, 7))
    summary = f"{count(len(quiet), 'slice')} without an established difference"
    return f"{first}<details><summary>{summary}</summary>{rest}</details>"


def _metric_row(m: MetricComparison, *, whole: bool = True) -> str:
    name = text(m.scorer) if m.slice is None else text(m.slice)
    name = name if whole else f"{text(m.scorer)}, {name}"
    verdict = f'<span class="word {m.verdict.replace(" ", "-")}">{m.verdict}</span>'
    if m.verdict == "undecided" and m.cases_to_decide:
        verdict += f' <span class="soft">needs about {m.cases_to_decide:,} cases</span>'
    if m.errors:
        verdict += f' <span class="soft">{count(m.errors, "pair")} left out</span>'
    numbers = (
        amount(m.a, m.unit),
        amount(m.b, m.unit),
        difference(m.diff, m.unit),
        interval(m.ci_low, m.ci_high, m.unit, signs=True),
        f"{m.n:,}",
        p_text(m.p_adjusted).removeprefix("p ").removeprefix("= "),
    )
    cells = "".join(f'<td class="n">{escape(number)}</td>' for number in numbers)
    return f"<tr{' class=slice' if m.slice is not None and whole else ''}><td>{name}</td>{cells}<td>{verdict}</td></tr>"


def _spending(comparison: Comparison) -> list[str]:
    cost, latency = comparison.cost, comparison.latency
    ratio = ratio_text(cost.ratio, cost.ratio_low, cost.ratio_high) if cost.ratio is not None else cost.note
    rows = [("Cost of an answer", usd(cost.mean_a), usd(cost.mean_b), ratio, cost.n, cost.unknown)]
    timed = ratio_text(latency["ratio"], latency["ratio_low"], latency["ratio_high"])
    for row in latency_rows(latency):
        rest = (timed, latency["n"], latency["unknown"]) if row.paired else ("", "", 0)
        rows.append((row.title, row.a, row.b, *rest))
    return [
        f'<tr><td>{name}</td><td class="n">{escape(a)}</td><td class="n">{escape(b)}</td><td class="n"></td>'
        f'<td class="n">{escape(clean(str(ratio)))}</td><td class="n">{n}</td><td></td>'
        f'<td class="soft">{f"{unknown:,} unknown" if unknown else ""}</td></tr>'
        for name, a, b, ratio, n, unknown in rows
    ]


def _summaries(summaries: Sequence[Summary]) -> str:
    head = ("Version", "Model", "Metric", "Mean", "95 % interval", "n", "Errors")
    rows = [
        f"<tr><td>{text(version_name(s))}</td><td>{text(s.model)}</td>"
        f"<td>{text(s.scorer)}{f', {text(s.slice)}' if s.slice is not None else ''}</td>"
        f'<td class="n">{escape(amount(s.mean, s.unit))}</td>'
        f'<td class="n">{escape(interval(s.ci_low, s.ci_high, s.unit))}</td>'
        f'<td class="n">{s.n:,}</td><td class="n">{s.errors:,}</td></tr>'
        for s in summaries[:MAX_ROWS]
    ]
    left = len(summaries) - MAX_ROWS
    note = f'<p class="soft">{left:,} more rows are not shown.</p>' if left > 0 else ""
    return table(head, rows, numeric=range(3, 7)) + note


def _corpus(rows: Sequence[CorpusRow]) -> str:
    cells = [
        f"<tr><td>{text(row.version)}</td><td>{text(row.model)}</td><td>{text(row.metric)}</td>"
        f'<td class="n">{row.value:.4f}</td><td class="n">{escape(row.counted)}</td></tr>'
        for row in rows[:MAX_ROWS]
    ]
    return table(("Version", "Model", "Metric", "Value", "n"), cells, numeric=range(3, 5))


def _charts(content: Content) -> Iterator[str]:
    metric = content.metric
    if metric is None:
        return
    if content.comparisons:
        held = content.comparisons[0]
        summaries, sides = held.summaries, held.cells
    else:
        held, summaries = None, content.summaries
        sides = {
            f"{prompt}@{int(version)}" if version else str(prompt): part
            for (prompt, version), part in content.cells.groupby(["prompt", "version"], sort=False)
        }
    drawn = [("Quality: mean and 95 % interval", svg.quality(summaries, metric))]
    for other in content.comparisons:
        named = f", {other.comparison.b} against {other.comparison.a}" if len(content.comparisons) > 1 else ""
        drawn.append((f"Difference by slice{named}", svg.slices(other.comparison)))
        drawn.append((f"Cases by their difference{named}", svg.differences(other.comparison)))
    priced = content.cells if held is None else pd.concat(list(sides.values()))
    drawn.append(("Cost against quality", svg.cost(summaries, priced, metric)))
    drawn.append(("Latency", svg.latency(sides)))
    figures = "".join(f"<figure><h3>{text(name)}</h3>{chart}</figure>" for name, chart in drawn if chart)
    if figures:
        yield f'<h2>Charts</h2><div class="charts">{figures}</div>'


def _changed(held: Held) -> Iterator[str]:
    a, b = held.prompts
    if a is None or b is None or a.prompt.sha256 == b.prompt.sha256:
        return
    diff = diff_prompts(a.prompt, b.prompt)
    blocks = [
        f'<div class="block"><h3>{text(m.role_b or m.role_a or "")}</h3><pre>{marked(m.segments)}</pre></div>'
        for m in diff.messages
    ]
    rows = [
        f"<tr><td>{text(s.field)}</td><td>{_setting(s.old)}</td><td>{_setting(s.new)}</td></tr>"
        for s in diff.settings
    ]
    settings = table(("Setting", "A", "B"), rows, numeric=range(0)) if rows else ""
    yield f"<h2>What was changed from {text(a.title)} to {text(b.title)}</h2>{''.join(blocks)}{settings}"


def _setting(value: object) -> str:
    return "–" if value is None else text(value if isinstance(value, str) else repr(value), 300)


def marked(segments: Sequence[Segment]) -> str:
    """Return a word-level difference as HTML."""
    tags = {"insert": "ins", "delete": "del"}
    return "".join(
        f"<{tags[s.op]}>{escape(clean(s.text))}</{tags[s.op]}>" if s.op in tags else escape(clean(s.text))
        for s in segments
    )


def _foot(content: Content) -> Iterator[str]:
    run, plan = content.run, content.plan
    said = [
        f"Suite {text(run['suite'])}, SHA-256 {text(run['suite_sha256'][:16])}; cases {plan.dataset_sha256[:16]}; "
        + ", ".join(f"{text(p.title)} {p.prompt.sha256[:16]}" for p in plan.prompts),
        "Intervals have the case as their unit. A difference is taken on the same cases of both sides; the p of slices "
        "is corrected for how many were looked at. What is missing or failed is counted and never scored 0.",
        f"Made by Workbench {__version__}.",
    ]
    yield f'<footer class="foot">{"".join(f"<p>{line}</p>" for line in said)}</footer>'


@cache
def _asset(name: str) -> str:
    return "\n" + (_ASSETS / name).read_text(encoding="utf-8")


def _sha(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
