"""A run as one Markdown text: a comment on a pull request, or the summary of a CI job."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.analysis.wording import count, seconds, usd
from workbench.reports.content import Content, Options
from workbench.reports.labels import label_lines
from workbench.reports.markdown import comparison_comment, corpus_table, escape, gate_lines, summary_table
from workbench.reports.preferences import preference_lines
from workbench.reports.text import price_words

#: GitHub and GitLab take comments of 65,536 characters; a summary may be longer.
MAX_CHARACTERS = 65_000


def to_markdown(content: Content, options: Options | None = None) -> str:
    """Return the report, of at most `MAX_CHARACTERS`. The models' own words never stand in it."""
    return fitted(report_lines(content), MAX_CHARACTERS)


def report_lines(content: Content) -> list[str]:
    """Return the lines of the report: what the run is, its gate, each comparison, and all scores folded away."""
    run = content.run
    lines = [f"## {escape(run['suite'])}", "", _facts(content), ""]
    if not content.complete:
        lines += [f"> **Incomplete:** {_missing(content)}", ""]
    gates = [held.gate for held in content.comparisons if held.gate is not None]
    if content.gate is not None and content.gate not in gates:
        lines += [*gate_lines(content.gate), ""]
    if content.limits:
        held_to = (f"- {rule['status']}: {escape(rule['reason'], 400)}" for rule in content.limits)
        lines += ["**Limits**", "", *held_to, ""]
    for held in content.comparisons:
        lines += [*comparison_comment(held.comparison, held.gate), ""]
    if content.summaries:
        table = summary_table(content.summaries)
        if content.corpus:
            table += ["", *corpus_table(content.corpus)]
        if content.comparisons:
            lines += ["<details><summary>All scores</summary>", "", *table, "", "</details>", ""]
        else:
            lines += [*table, ""]
    found = [*label_lines(content.labels), *preference_lines(content.preferences)]
    told = [f"- {escape(line, 600)}" for line in found]
    return lines + ([*told, ""] if told else [])


def _facts(content: Content) -> str:
    run = content.run
    cost = "unknown" if run["cost_usd"] is None and run["cost_unknown"] else usd(run["cost_usd"])
    if run["cost_usd"] is not None and run["cost_unknown"]:
        cost += f" and {run['cost_unknown']:,} unknown"
    facts = [
        f"Run {escape(run['run'])}: {escape(run['status'])}",
        f"{run['cells']['done']:,} of {count(run['cells']['planned'], 'answer')}",
        count(run["cells"]["errors"], "error"),
        f"cost {cost}",
        f"took {seconds(run['active_s'])}",
    ]
    if run["cost_usd"]:
        facts.append(f"prices: {escape(price_words(run['prices']))}")
    return ", ".join(facts)


def _missing(content: Content) -> str:
    run = content.run
    cells = run["cells"]
    said = []
    if run["status"] != "complete":
        said.append(f"the run is {escape(run['status'])}")
    if left := cells["planned"] - cells["done"]:
        said.append(f"{count(left, 'answer')} missing")
    if cells["errors"]:
        said.append(f"{count(cells['errors'], 'answer')} failed")
    unscored = sum(s.errors for s in content.summaries if s.slice is None) - cells["errors"]
    if not said or (unscored > 0 and not cells["errors"]):
        said.append("some answers could not be scored")
    return ", ".join(said)


def fitted(lines: Sequence[str], limit: int, *, size=len) -> str:
    """Return the lines as text of at most ``limit``, whole lines only, and say where some are left out.

    Args:
        lines: The lines.
        limit: What the text may have at most.
        size: How a text is measured: in characters, or `bytes_of`.
    """
    text = "\n".join(lines).rstrip("\n") + "\n"
    if size(text) <= limit:
        return text
    note = "\n\nThe rest is left out: there is no room for it here.\n"
    kept: list[str] = []
    left = limit - size(note) - size("\n</details>\n")
    for line in lines:
        left -= size(line) + 1
        if left < 0:
            break
        kept.append(line)
    folded = sum("<details>" in line for line in kept) > sum(line == "</details>" for line in kept)
    text = "\n".join(kept) + ("\n\n</details>" if folded else "") + note
    return text if size(text) <= limit else ""


def bytes_of(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "replace"))
