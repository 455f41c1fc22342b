"""GitHub Actions: annotations on the suite's file, and the job's summary.

Format: https://docs.github.com/actions/reference/workflow-commands (escapes of data and properties, ten annotations
a step, 1 MiB of summary a step).
"""

from __future__ import annotations

from workbench.analysis.wording import count, listed
from workbench.reports.comment import bytes_of, fitted, report_lines
from workbench.reports.content import Content
from workbench.reports.text import one_line

MAX_ANNOTATIONS = 10
MAX_SUMMARY_BYTES = 1_048_576
_MAX_MESSAGE = 600
#: How many regressions are told one by one.
_MAX_REGRESSIONS = 5


def annotations(content: Content, path: str | None = None) -> list[str]:
    """Return at most `MAX_ANNOTATIONS` workflow commands, the worst first.

    Args:
        content: The run.
        path: The suite's file as the repository names it; without it they belong to no file.
    """
    found = [*_rules(content), *_missing(content), *_regressions(content)]
    rank = {"error": 0, "warning": 1, "notice": 2}
    found.sort(key=lambda item: rank[item[0]])
    if len(found) > MAX_ANNOTATIONS:
        left = len(found) - MAX_ANNOTATIONS + 1
        more = ("notice", "scorers", "More", f"{count(left, 'finding')} more stand in the job's summary.")
        found = [*found[: MAX_ANNOTATIONS - 1], more]
    return [
        command(level, title, message, path=path, line=content.suite_lines.get(key, 1))
        for level, key, title, message in found
    ]


def command(level: str, title: str, message: str, *, path: str | None = None, line: int = 1) -> str:
    """Return one workflow command on one line; whatever the texts hold, they stay data."""
    properties = {"file": path, "line": str(line)} if path else {}
    properties["title"] = one_line(title, 120)
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{level} {given}::{_data(one_line(message, _MAX_MESSAGE))}"


def summary(content: Content, *, taken: int = 0) -> str:
    """Return Markdown for ``$GITHUB_STEP_SUMMARY``, no more than what is left of its 1 MiB after ``taken`` bytes."""
    return fitted(report_lines(content), MAX_SUMMARY_BYTES - taken, size=bytes_of)


def _rules(content: Content):
    gate = content.gate.rules if content.gate is not None else ()
    rules = [("gate", rule.status, rule.reason) for rule in gate]
    rules += [("limits", rule["status"], rule["reason"]) for rule in content.limits]
    for key, status, reason in rules:
        if status == "failed":
            yield "error", key, f"{content.run['suite']}: {key} failed", reason
        elif status == "undecided":
            yield "warning", key, f"{content.run['suite']}: {key} undecided", reason


def _missing(content: Content):
    cells = content.run["cells"]
    if left := cells["planned"] - cells["done"]:
        said = f"The run is {content.run['status']}: {count(left, 'answer')} missing."
        yield "error", "", f"{content.run['suite']}: incomplete", said
    if cells["errors"]:
        kinds: dict[str, int] = {}
        for cell in content.run["error_cells"]:
            kinds[cell["error"]] = kinds.get(cell["error"], 0) + 1
        why = listed([f"{kind} ({n:,})" for kind, n in sorted(kinds.items(), key=lambda item: -item[1])])
        said = f"{count(cells['errors'], 'answer')} failed: {why}."
        yield "error", "", f"{content.run['suite']}: failed answers", said
    broken: dict[str, int] = {}
    for s in content.summaries:
        if s.slice is None and s.scorer != "overall" and not cells["errors"]:
            broken[s.scorer] = broken.get(s.scorer, 0) + s.errors
    for scorer, n in broken.items():
        if n:
            yield (
                "error",
                "scorers",
                f"{content.run['suite']}: {scorer}",
                f"{count(n, 'answer')} could not be scored.",
            )


def _regressions(content: Content):
    for held in content.comparisons:
        comparison = held.comparison
        title = f"{content.run['suite']}: regression"
        cases = comparison.regressions
        for case in cases[:_MAX_REGRESSIONS]:
            told = f"Case {case} is worse on {comparison.primary.scorer} with {comparison.b} than with {comparison.a}."
            yield "warning", "cases", title, told
        if len(cases) > _MAX_REGRESSIONS:
            rest = count(len(cases) - _MAX_REGRESSIONS, "more case")
            yield "warning", "cases", title, f"{rest} are worse with {comparison.b}; the summary lists them."


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
