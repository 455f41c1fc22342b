"""What judging a run will cost, before it is started: its calls counted, their texts and replies as intervals.

The judges of a sample of cells are set up as they will be in the run, with what the answer is known or expected to be.
What they then ask is counted instead of asked.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workbench.errors import CompletionError, TemplateError
from workbench.evals.plan import Plan
from workbench.evals.scorers import score_completion
from workbench.evals.scorers.answers import Answers, Waiting, question_key
from workbench.evals.types import Case, Cell, ScoringInput
from workbench.jobs.case_scorers import CaseScorers
from workbench.jobs.comparing_judges import side_names
from workbench.llm import offline
from workbench.llm.recorded import Recordings, recorded_path
from workbench.llm.tokens import TokenCount, count_messages, estimate_tokens
from workbench.llm.types import Completion, ModelSpec, Request, text_of
from workbench.prompts.templates import Renderer
from workbench.store import Store

#: Cells of which the judges' questions are counted; the others are taken to be alike.
SAMPLED_CELLS = 400
#: Recorded answers in a larger file are not read for an estimate.
READ_BYTES = 50_000_000
#: Replies of a judge are as long as this many of its newest ones.
REPLIES_READ = 500
Bounds = tuple[float, float, float]
#: Output tokens of an answer or reply (low, expected, high) and why, given parameters, model, earlier ones, calls.
Lengths = Callable[[dict[str, Any], ModelSpec, list[int], int], tuple[Bounds, str]]
#: USD of one call (low, expected, high) given model, input and output; None is unknown.
Costs = Callable[[ModelSpec, TokenCount, Bounds], tuple[float, ...] | None]


@dataclass(frozen=True)
class JudgingEstimate:
    """What judging will ask and cost: new calls, their tokens, and USD over the calls whose price is known.

    ``kept`` judgements are there already and are not asked again. ``unknown`` calls have no known price; where that is
    all of them, the sums are None.
    """

    calls: int
    kept: int
    low: float | None
    expected: float | None
    high: float | None
    unknown: int
    input_tokens: tuple[int, int, int]
    output_tokens: tuple[int, int, int]


@dataclass
class _Questions:
    """What one judge is asked with one prompt: parameters, and the tokens of each question of the sample."""

    model: ModelSpec
    title: str
    params: dict[str, Any]
    counts: list[TokenCount] = field(default_factory=list)
    embeds: bool = False


def estimate_judging(
    plan: Plan,
    store: Store,
    root: Path,
    *,
    use_cache: bool,
    lengths: Lengths,
    costs: Costs,
) -> tuple[JudgingEstimate | None, list[str]]:
    """Estimate what the judges of a plan cost, and say what that rests on; None where nothing is paid for judging."""
    scorers = CaseScorers(plan, plan.scorers)
    paid = {m.id: m for m in scorers.models if not _free(m)} if plan.judging else {}
    if not paid:
        return None, []
    count = _Count(plan, store, scorers, root, use_cache=use_cache, lengths=lengths)
    count.look()
    asked, kept = count.new_questions()
    past = store.judgements.reply_tokens(list(paid), REPLIES_READ)
    low = expected = high = 0.0
    calls = unknown = 0
    read, told, why = [0.0] * 3, [0.0] * 3, []
    for questions in asked:
        number = max(1, round(len(questions.counts) * count.share))
        reply, reason = (
            ((0.0, 0.0, 0.0), "")
            if questions.embeds
            else lengths(questions.params, questions.model, past[questions.model.id], number)
        )
        calls += number
        for bound, name in enumerate(("low", "expected", "high")):
            read[bound] += number * statistics.fmean(getattr(c, name) for c in questions.counts)
            told[bound] += number * reply[bound]
        found = [costs(questions.model, c, reply) for c in questions.counts]
        if any(cost is None for cost in found):
            unknown += number
            why.append(f"The price of {questions.model.name}, a judge, is unknown.")
            continue
        a, b, c = (number * statistics.fmean(cost[i] for cost in found if cost) for i in range(3))
        low, expected, high = low + a, expected + b, high + c
        about = f"a reply has {reason}" if reason else "vectors"
        why.append(f"Judging by {questions.model.name} ({questions.title}): {number:,} calls; {about}.")
    why += [
        f"What {model.name} is asked once the judge has answered is not in this sum."
        for name, model in paid.items()
        if name not in count.met
    ]
    if calls:
        why.append("A reply that cannot be read is asked for once more, which is not in this sum.")
    nothing = calls > 0 and unknown == calls
    return JudgingEstimate(
        calls,
        round(kept * count.share),
        None if nothing else low,
        None if nothing else expected,
        None if nothing else high,
        unknown,
        (round(read[0]), round(read[1]), round(read[2])),
        (round(told[0]), round(told[1]), round(told[2])),
    ), list(dict.fromkeys(why))


def _free(model: ModelSpec) -> bool:
    return bool(model.recorded) or model.id.startswith("offline/")


class _Count:
    """The questions of the judges about a sample of answers.

    An answer that nobody knows yet stands as a word of its own, and each time a judge is shown it the tokens that it is
    expected to have are added.
    """

    def __init__(
        self, plan: Plan, store: Store, scorers: CaseScorers, root: Path, *, use_cache: bool, lengths: Lengths
    ) -> None:
        self.plan, self.store, self.scorers, self.use_cache = plan, store, scorers, use_cache
        self.sides = [(p, m) for m in range(len(plan.models)) for p in range(len(plan.prompts))]
        self.names = side_names(plan)
        self.folder = root / (plan.folder or ".")
        self.words = {side: f"qanswer{_letters(place)}q" for place, side in enumerate(self.sides)}
        self.lengths = self._expected(lengths)
        self.recordings = Recordings(self.folder)
        self.met: set[str] = set()
        self.share = 1.0
        self._open: list[tuple[Request, TokenCount]] = []
        self._known: dict[str, tuple[Request, TokenCount]] = {}
        self._vectors: dict[tuple[str, str], tuple[ModelSpec, TokenCount]] = {}
        self._new_vectors: list[tuple[ModelSpec, TokenCount]] = []

    def _expected(self, lengths: Lengths) -> dict[tuple[int, int], Bounds]:
        plan = self.plan
        pairs = {(p.name, m.id) for p in plan.prompts for m in plan.models}
        history = self.store.spending.output_tokens(pairs)
        asked = len(plan.cases) * plan.repeats
        return {
            (p, m): lengths(
                dict(plan.prompts[p].prompt.parameters),
                plan.models[m],
                history[plan.prompts[p].name, plan.models[m].id],
                asked,
            )[0]
            for p, m in self.sides
        }

    def look(self) -> None:
        """Count what the judges ask about the sample."""
        groups = [(case, repeat) for case in self.plan.cases for repeat in range(self.plan.repeats)]
        step = max(1, -(-len(groups) * len(self.sides) // SAMPLED_CELLS))
        sample = groups[::step]
        self.share = len(groups) / len(sample) if sample else 1.0
        try:
            with Renderer() as renderer:
                for case, repeat in sample:
                    self._group(case, repeat, renderer)
        finally:
            self.recordings.close()

    def new_questions(self) -> tuple[list[_Questions], int]:
        """Return what is asked anew by judge and prompt, and how many judgements of the sample are kept already."""
        kept = self.store.judgements.kept(list(self._known)) if self.use_cache else set()
        found: dict[tuple[str, str], _Questions] = {}
        new = [*self._open, *(v for key, v in self._known.items() if key not in kept)]
        for request, count in new:
            key = (request.model.name, request.prompt_name or "")
            questions = found.setdefault(
                key, _Questions(request.model, key[1] or "its prompt", dict(request.params))
            )
            questions.counts.append(count)
        for model, count in [*self._vectors.values(), *self._new_vectors]:
            key = (model.name, "")
            found.setdefault(key, _Questions(model, "vectors", {}, embeds=True)).counts.append(count)
        return list(found.values()), len(kept)

    def _group(self, case: Case, repeat: int, renderer: Renderer) -> None:
        """Count the questions about all answers to a case and repeat, one by one and against each other."""
        answers = [
            (side, self._answer(Cell(*side, case.id, repeat), case, renderer, self.words[side]))
            for side in self.sides
            if self.plan.asks(case, *side)
        ]
        sound = [(side, answer) for side, answer in answers if answer.error is None]
        scorers = self.scorers.of(case.id)
        asking = [scorer for scorer in scorers if scorer.asks and not scorer.compares]
        for _, answer in sound:
            known = Answers()
            score_completion(asking, case, answer, with_overall=False, answers=known)
            self._note(known)
        for scorer in scorers:
            if scorer.compares and len(sound) > 1:
                known = Answers()
                cells = [ScoringInput(answer.text, case, answer, known) for _, answer in sound]
                with suppress(Waiting):
                    scorer.compare(cells, [self.names[side] for side, _ in sound], repeat)
                self._note(known)

    def _note(self, known: Answers) -> None:
        for request in known.wanted.values():
            self.met.add(request.model.id)
            if _free(request.model):
                continue
            text = "\n".join(text_of(message) for message in request.messages)
            count, unknown = self._with_answers(count_messages(request.messages, request.model), text)
            if unknown:
                self._open.append((request, count))
            else:
                self._known.setdefault(question_key(request), (request, count))
        for model, texts in known.texts.values():
            self.met.add(model.id)
            for text in texts if not _free(model) else ():
                tokens = estimate_tokens(text)
                count, unknown = self._with_answers(
                    TokenCount(tokens * 0.75, tokens, tokens * 1.35, exact=False), text
                )
                if unknown:
                    self._new_vectors.append((model, count))
                else:
                    self._vectors.setdefault((model.name, text), (model, count))

    def _with_answers(self, count: TokenCount, text: str) -> tuple[TokenCount, bool]:
        """Add what the answers in a text are expected to be long; say whether there are any."""
        unknown = False
        for side, word in self.words.items():
            shown = text.count(word)
            if shown:
                low, expected, high = (shown * bound for bound in self.lengths[side])
                count = replace(
                    count,
                    low=count.low + low,
                    expected=count.expected + expected,
                    high=count.high + high,
                    exact=False,
                )
                unknown = True
        return count, unknown

    def _answer(self, cell: Cell, case: Case, renderer: Renderer, word: str) -> Completion:
        """Return the answer where it is known already, else the word that stands for it."""
        model = self.plan.models[cell.model_index]
        try:
            request = self.plan.request(cell, case, renderer)
            if model.recorded:
                path = recorded_path(model, request.prompt_name, self.folder)
                small = not path.exists() or path.stat().st_size <= READ_BYTES
                return self.recordings.answer(request) if small else Completion(word)
        except (TemplateError, CompletionError) as problem:
            return Completion(error="provider", error_message=problem.message)
        if model.id == offline.OFFLINE_ID:
            return offline.answer(request.messages, request.params, request.response_format)
        kept = self.store.cache.get(request.cache_key()) if self.use_cache else None
        return kept or Completion(word)


def _letters(number: int) -> str:
    """Return a number in letters, so that what looks for numbers in an answer finds none."""
    return "".join(chr(97 + int(digit)) for digit in str(number))
