"""JUnit XML, as Jenkins, GitLab and GitHub's test reporters read it.

One ``testsuite`` for each version and model, one ``testcase`` an answer, and one suite for the gate's rules. An answer
that some scorer did not pass is a failure; one that is missing, or that a scorer could not judge, is an error. The
models' own words stay out unless they are asked for, for CI systems show these files to many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from workbench.analysis.summary import Summary
from workbench.analysis.wording import amount, count, interval
from workbench.reports.content import Answer, Content, Options, said
from workbench.reports.text import clean, one_line

#: A message is for one line of a table, and a system-out for a person who scrolls.
MAX_MESSAGE = 400
MAX_OUTPUT = 100_000


def to_junit(content: Content, options: Options) -> str:
    """Return the run as JUnit XML; with ``options.outputs`` with outputs and the scorers' reasons."""
    names = _Names()
    suites = [*_gate_suite(content, names), *_answer_suites(content, bool(options.outputs), names)]
    totals = [sum(suite.totals[i] for suite in suites) for i in range(3)]
    name, taken = _attribute(content.run["suite"]), _seconds(content.run["active_s"])
    head = f"<testsuites name={name}{_counts(totals)} time={taken}>"
    inside = [suite.text for suite in suites]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *inside, "</testsuites>", ""])


class _Suite:
    """One ``testsuite`` as text, and how many tests, failures and errors it has."""

    def __init__(
        self, name: str, cases: list[str], *, time_s: float, properties: list[tuple[str, str]]
    ) -> None:
        failures = sum("<failure" in case for case in cases)
        errors = sum("<error" in case for case in cases)
        self.totals = (len(cases), failures, errors)
        lines = [f"  <testsuite name={_attribute(name)}{_counts(self.totals)} time={_seconds(time_s)}>"]
        if properties:
            rows = [f"      <property name={_attribute(k)} value={_attribute(v)}/>" for k, v in properties]
            lines += ["    <properties>", *rows, "    </properties>"]
        self.text = "\n".join([*lines, *cases, "  </testsuite>"])


class _Names:
    """Names for cases, none of them given twice: some readers keep the first of a name only."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def take(self, name: str) -> str:
        name = one_line(name, 200) or "(no name)"
        found, number = name, 2
        while found in self._given:
            found, number = f"{name} ({number})", number + 1
        self._given.add(found)
        return found


def _gate_suite(content: Content, names: _Names) -> Iterator[_Suite]:
    gate = content.gate
    if gate is not None:
        rules = [(rule.name, rule.status, rule.reason) for rule in gate.rules]
        cases = _rule_cases(content, "gate", rules, names)
        yield _Suite("gate", cases, time_s=0.0, properties=[("status", gate.status)])
    if content.limits:
        rules = [(rule["name"], rule["status"], rule["reason"]) for rule in content.limits]
        yield _Suite("limits", _rule_cases(content, "limits", rules, names), time_s=0.0, properties=[])


def _rule_cases(
    content: Content, kind: str, rules: Sequence[tuple[str, str, str]], names: _Names
) -> list[str]:
    cases = []
    for name, status, reason in rules:
        inner = ""
        if status != "passed":
            tag = "failure" if status == "failed" else "error"
            inner = _element(tag, status, one_line(reason, MAX_MESSAGE))
        cases.append(_case(f"{content.run['suite']}.{kind}", names.take(f"{kind}: {name}"), 0.0, inner))
    return cases


def _answer_suites(content: Content, outputs: bool, names: _Names) -> Iterator[_Suite]:
    single = len(content.plan.prompts) == len(content.plan.models) == 1
    by_title: dict[tuple[str, str], tuple[list[str], list[float]]] = {}
    for answer in content.answers():
        title, model = answer.prompt.title, answer.model
        cases, times = by_title.setdefault((title, model), ([], []))
        name = answer.case.id if single else f"{answer.case.id} [{title}, {model}]"
        name += f" #{answer.repeat + 1}" if content.plan.repeats > 1 else ""
        taken = answer.completion.latency_s or 0.0
        times.append(taken)
        inner = _outcome(answer, outputs) + (_output(answer) if outputs else "")
        cases.append(_case(f"{content.run['suite']}.{title}", names.take(name), taken, inner))
    order = [(p.title, m.name) for p in content.plan.prompts for m in content.plan.models]
    for title, model in (key for key in order if key in by_title):
        cases, times = by_title[title, model]
        said = [
            (s.scorer, _mean(s))
            for s in content.summaries
            if s.slice is None and (_version(s), s.model) == (title, model)
        ]
        properties = [("run", content.run["run"]), ("model", model), *said]
        yield _Suite(f"{title} on {model}", cases, time_s=sum(times), properties=properties)


def _version(summary: Summary) -> str:
    return f"{summary.prompt}@{summary.version}" if summary.version else summary.prompt


def _mean(s: Summary) -> str:
    around = interval(s.ci_low, s.ci_high, s.unit)
    return f"{amount(s.mean, s.unit)} (95 % interval {around}, n = {s.n:,}, {count(s.errors, 'error')})"


def _outcome(answer: Answer, outputs: bool) -> str:
    completion = answer.completion
    if completion.error:
        return _element(
            "error", completion.error, one_line(completion.error_message or completion.error, MAX_MESSAGE)
        )
    found = ""
    broken, failed = answer.broken_scores, answer.failed_scores
    if broken:
        message = "; ".join(f"{s.scorer}: {s.error}" for s in broken)
        found = _element("error", "scorer", one_line(message, MAX_MESSAGE))
    elif failed:
        # A scorer's reason quotes what the model wrote.
        said = "; ".join(
            f"{s.scorer} {'not passed' if s.value is None else f'{s.value:g}'}"
            + (f" ({s.reason})" if outputs and s.reason else "")
            for s in failed
        )
        found = _element("failure", failed[0].scorer, one_line(said, MAX_MESSAGE))
    return found


def _output(answer: Answer) -> str:
    text = said(answer.completion)
    cut = f"\n… {len(text) - MAX_OUTPUT:,} characters more" if len(text) > MAX_OUTPUT else ""
    return f"<system-out>{_text(text[:MAX_OUTPUT] + cut)}</system-out>"


def _case(classname: str, name: str, time_s: float, inner: str) -> str:
    head = f"    <testcase classname={_attribute(classname)} name={_attribute(name)} time={_seconds(time_s)}"
    return f"{head}>{inner}</testcase>" if inner else f"{head}/>"


def _element(tag: str, kind: str, message: str) -> str:
    return f"<{tag} type={_attribute(kind)} message={_attribute(message)}>{_text(message)}</{tag}>"


def _counts(totals: tuple[int, ...] | list[int]) -> str:
    return "".join(f' {k}="{n}"' for k, n in zip(("tests", "failures", "errors"), totals, strict=True))


def _seconds(value: float | None) -> str:
    return f'"{value or 0.0:.3f}"'


def _text(text: str) -> str:
    """Text that may stand in XML 1.0: without control characters and without the two that are no characters."""
    return escape(clean(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd"))


def _attribute(text: str) -> str:
    return quoteattr(one_line(text, 1000).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd"))
