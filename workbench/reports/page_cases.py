"""The cases of a page: one row each, sortable, with the answers and their differences below."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from workbench.analysis.wording import amount, difference, usd
from workbench.analysis.wording import seconds as time_text
from workbench.evals.types import Case
from workbench.prompts.diff import word_diff
from workbench.reports.content import Answer, Content, Held, Options, said
from workbench.reports.text import clean, short_name

#: What one text, and all texts of a page together, may take; a page of more can no longer be opened.
MAX_TEXT, MAX_PAGE = 20_000, 25_000_000
#: Longer texts stand beside each other without marks.
_MAX_DIFF = 8_000
#: Below this share of common words, marks say less than the two texts themselves.
_ALIKE = 0.4
_MAX_SIDES = 6
_ORDER = ("worse", "missing", "better", "same")


def cases(content: Content, options: Options) -> Iterator[str]:
    """Yield the section of cases: those of the first comparison, else all of the run; what broke comes first."""
    metric = content.metric
    if metric is None or not content.plan.cases:
        return
    held = content.comparisons[0] if content.comparisons else None
    chosen = _chosen(content, held)
    kept = chosen[: options.max_cases]
    ids = [case.id for case, _ in kept]
    if held is not None:
        found = held.answers(ids)
    else:
        wanted = set(ids)
        found = (answer for answer in content.answers() if answer.case.id in wanted)
    by_case: dict[str, list[Answer]] = {}
    for answer in found:
        by_case.setdefault(answer.case.id, []).append(answer)
    sides = _sides(content, held)
    yield _head(content, held, sides, metric, len(chosen) - len(kept), {outcome for _, outcome in kept})
    page = _Page(options.outputs is not False)
    for case, outcome in kept:
        yield _row(page, content, held, case, outcome, by_case.get(case.id, []), sides, metric)
    yield "</table></div>"
    if page.full:
        yield f'<p class="soft">Some texts are left out, for a page holds {MAX_PAGE / 1e6:.0f} MB of them at most.</p>'


class _Page:
    """How much text a page has room for."""

    def __init__(self, outputs: bool) -> None:
        self.outputs, self.full, self._left = outputs, False, MAX_PAGE

    def take(self, text: str) -> tuple[str, str]:
        """Return what is shown of a text, and a note where that is not all."""
        shown = clean(text[:MAX_TEXT])
        if len(shown) > self._left:
            self.full = True
            return "", f"{len(text):,} characters, left out"
        self._left -= len(shown)
        cut = len(text) > MAX_TEXT
        return shown, f"the first {MAX_TEXT:,} of {len(text):,} characters" if cut else ""


def _chosen(content: Content, held: Held | None) -> list[tuple[Case, str]]:
    if held is None:
        return [(case, "") for case in content.plan.cases]
    c = held.comparison
    worse = {case: place for place, case in enumerate(c.regressions)}
    better = {case: place for place, case in enumerate(c.improvements)}

    def outcome(case: Case) -> str:
        if case.id in worse:
            return "worse"
        if case.id in better:
            return "better"
        return "same" if case.id in c.case_differences else "missing"

    rows = [(case, outcome(case)) for case in held.cases]
    place = {**better, **worse}
    rows.sort(key=lambda row: (_ORDER.index(row[1]), place.get(row[0].id, 0)))
    return rows


def _sides(content: Content, held: Held | None) -> list[tuple[str, str]]:
    """Return the columns of scores as ``(key, title)``."""
    if held is not None:
        return [("a", held.comparison.a), ("b", held.comparison.b)]
    several = len(content.plan.models) > 1
    return [
        (f"{p.title}\n{m.name}", f"{p.title} · {m.name}" if several else p.title)
        for p in content.plan.prompts
        for m in content.plan.models
    ][:_MAX_SIDES]


def _key(answer: Answer) -> str:
    return answer.side or f"{answer.prompt.title}\n{answer.model}"


def _head(
    content: Content,
    held: Held | None,
    sides: Sequence[tuple[str, str]],
    metric: str,
    left: int,
    outcomes: set[str],
) -> str:
    more = f' <span class="soft">{left:,} more are in CSV and Parquet.</span>' if left > 0 else ""
    choice = ""
    if held is not None:
        names = {"worse": "Worse", "better": "Better", "same": "The same", "missing": "Missing an answer"}
        options = "".join(f'<option value="{k}">{v}</option>' for k, v in names.items() if k in outcomes)
        choice = f'<select id="show" aria-label="Which cases"><option value="">All cases</option>{options}</select>'
    tools = (
        f'<div class="tools" id="tools" hidden>{choice}<input id="search" type="search" placeholder="Search" '
        'aria-label="Search in cases and answers"><span id="shown" class="soft" role="status"></span></div>'
    )
    heads = [("Case", False), *((short_name(title, 40), True) for _, title in sides)]
    heads += [("Difference", True), ("Outcome", False)] if held is not None else []
    heads += [(f"{field}", False) for field in content.plan.slices[:3]]
    cells = "".join(
        f'<th scope="col"{" class=n" if number else ""}><button type="button">{escape(short_name(name, 40))}'
        "</button></th>"
        for name, number in heads
    )
    said = f'<p class="soft">{escape(short_name(metric, 60))} of each answer; open a case to read them.{more}</p>'
    return f'<h2>Cases</h2>{said}{tools}<div class="scroll"><table id="cases"><thead><tr>{cells}</tr></thead>'


def _row(
    page: _Page,
    content: Content,
    held: Held | None,
    case: Case,
    outcome: str,
    answers: Sequence[Answer],
    sides: Sequence[tuple[str, str]],
    metric: str,
) -> str:
    unit = str(content.units.get(metric, "score"))
    name = escape(short_name(case.id, 80))
    button = f'<button type="button" aria-expanded="false">{name}</button>'
    cells = [f'<td data-value="{escape(clean(case.id), quote=True)}">{button}</td>']
    for key, _ in sides:
        cells.append(_number(_mean([a for a in answers if _key(a) == key], metric), unit))
    if held is not None:
        gap = held.comparison.case_differences.get(case.id)
        shown = "" if gap is None else difference(gap, unit)
        cells.append(f'<td class="n" data-value="{"" if gap is None else repr(gap)}">{escape(shown)}</td>')
        word = f'<span class="word {outcome}">{outcome}</span>'
        cells.append(f'<td data-value="{_ORDER.index(outcome)}">{word}</td>')
    for field in content.plan.slices[:3]:
        value = _plain(case.metadata.get(field))
        cells.append(
            f'<td data-value="{escape(clean(value), quote=True)}">{escape(short_name(value, 60))}</td>'
        )
    detail = _detail(page, case, answers, dict(sides))
    return (
        f'<tbody data-outcome="{outcome}"><tr class="case">{"".join(cells)}</tr>'
        f'<tr class="more"><td colspan="{len(cells)}">{detail}</td></tr></tbody>'
    )


def _number(value: float | str | None, unit: str) -> str:
    if isinstance(value, str):
        return f'<td class="n" data-value=""><span class="word missing">{escape(value)}</span></td>'
    shown = "–" if value is None else amount(value, unit)
    return f'<td class="n" data-value="{"" if value is None else repr(value)}">{escape(shown)}</td>'


def _mean(answers: Sequence[Answer], metric: str) -> float | str | None:
    """The mean of the answers' scores, or a word where there is none."""
    if any(answer.completion.error for answer in answers):
        return "error"
    scores = [s for answer in answers for s in answer.scores if s.scorer == metric]
    if any(s.error for s in scores):
        return "not scored"
    values = [s.value for s in scores if s.value is not None]
    return sum(values) / len(values) if values else None


def _detail(page: _Page, case: Case, answers: Sequence[Answer], titles: dict[str, str]) -> str:
    blocks = [_block(page, name, _plain(value)) for name, value in case.vars.items()] if page.outputs else []
    if case.expected is not None and page.outputs:
        blocks.append(_block(page, "Expected", _plain(case.expected)))
    given = f'<div class="pair">{"".join(blocks)}</div>' if blocks else ""
    pairs: dict[tuple[int, str], list[Answer]] = {}
    compared = any(answer.side for answer in answers)
    for answer in answers:
        key = (answer.repeat, answer.model if compared else "")
        pairs.setdefault(key, []).append(answer)
    shown = [_pair(page, group, titles) for group in pairs.values()]
    return (
        given + "".join(f'<div class="pair">{part}</div>' for part in shown)
        or "There is no answer to this case."
    )


def _pair(page: _Page, group: Sequence[Answer], titles: dict[str, str]) -> str:
    texts = [page.take(said(answer.completion)) if page.outputs else ("", "") for answer in group]
    bodies = [escape(shown) for shown, _ in texts]
    if [answer.side for answer in group] == ["a", "b"] and all(
        0 < len(shown) <= _MAX_DIFF for shown, _ in texts
    ):
        segments = word_diff(texts[0][0], texts[1][0])
        alike = sum(len(s.text) for s in segments if s.op == "equal")
        if alike >= _ALIKE * max(len(texts[0][0]), len(texts[1][0])):
            tags = {"delete": "del", "insert": "ins"}
            for place, own in ((0, "delete"), (1, "insert")):
                bodies[place] = "".join(
                    f"<{tags[s.op]}>{escape(s.text)}</{tags[s.op]}>" if s.op == own else escape(s.text)
                    for s in segments
                    if s.op in ("equal", own)
                )
    return "".join(
        _answer(page, answer, body, note, titles)
        for answer, body, (_, note) in zip(group, bodies, texts, strict=True)
    )


def _answer(page: _Page, answer: Answer, body: str, note: str, titles: dict[str, str]) -> str:
    completion = answer.completion
    facts = [short_name(answer.model, 50)]
    facts += [f"repeat {answer.repeat + 1}"] if answer.repeat else []
    facts += [time_text(completion.latency_s)] if completion.latency_s is not None else []
    facts += [usd(completion.cost_usd)] if completion.cost_usd is not None else []
    scores = "".join(
        f'<li><span class="word {_word(s.passed)}">{escape(short_name(s.scorer, 40))}</span> '
        f"{escape('could not be scored' if s.value is None else f'{s.value:g}')} "
        f'<span class="soft">{escape(short_name(s.error or (s.reason if page.outputs else ""), 300))}</span></li>'
        for s in answer.scores
    )
    if completion.error:
        said = escape(short_name(completion.error_message or "", 600))
        body = f'<p><span class="word failed">{escape(completion.error)}</span> {said}</p>'
    elif page.outputs:
        body = f"<pre>{body}</pre>" if body else f'<p class="soft">{escape(note or "An empty answer")}</p>'
    title = short_name(titles.get(_key(answer), answer.prompt.title), 60)
    foot = f'<p class="soft">{escape(note)}</p>' if note else ""
    return (
        f'<section><h3>{escape(title)}</h3><p class="soft">{escape(" · ".join(facts))}</p>{body}{foot}'
        f'<ul class="rules">{scores}</ul></section>'
    )


def _word(passed: bool | None) -> str:
    return "same" if passed is None else "passed" if passed else "failed"


def _block(page: _Page, name: str, value: str) -> str:
    shown, note = page.take(value)
    said = f'<p class="soft">{escape(note)}</p>' if note else ""
    head = f'<p class="soft">{escape(short_name(name, 60))}</p>'
    return f'<div class="block">{head}<pre>{escape(shown)}</pre>{said}</div>'


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
