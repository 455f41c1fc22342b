"""The desk where a run's scorers ask their models: every reply is kept and booked before anything else happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workbench.evals.runner import CostCap
from workbench.evals.scorers.answers import Withheld, question_key
from workbench.llm.offline import OFFLINE_ID
from workbench.llm.pricebook import PriceBook
from workbench.llm.sharing import Sharing
from workbench.llm.tokens import count_messages
from workbench.llm.types import Completion, ModelSpec, Request, Usage
from workbench.store import Store

if TYPE_CHECKING:
    from workbench.llm.embeddings import Embeddings
    from workbench.llm.gateway import Gateway

#: What a first reply is taken to be long, in tokens, where nothing limits it.
ASSUMED_REPLY = 300
#: Seconds between two looks whether a cap leaves room by now.
_PAUSE_S = 0.02


class JudgingDesk:
    """Implements `workbench.evals.scorers.answers.Desk` for one scoring. Use it on one event loop.

    Args:
        everywhere: Whether judgements that other runs have paid for may be used.
        stopping: Whether nothing new is to be asked.
    """

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        *,
        run_id: str,
        scoring_id: int,
        cap: CostCap,
        prices: PriceBook,
        everywhere: bool = True,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.store, self.gateway, self.cap, self.prices = store, gateway, cap, prices
        self.run_id, self.scoring_id = run_id, scoring_id
        self.withheld = 0
        self._only = None if everywhere else run_id
        self._stopping = stopping
        self._sharing = Sharing()
        self._dearest: dict[str, float] = {}
        self._flying: Counter[str] = Counter()

    async def complete(self, request: Request) -> Completion:
        """Return a judgement that is kept, or ask for it, commit it with its cost, and return it."""
        if request.model.recorded or request.model.id == OFFLINE_ID:
            return await self.gateway.complete(request)
        key = question_key(request)
        return await self._sharing.once(key, lambda: self._kept_or_asked(key, request))

    async def embed(self, texts: Sequence[str], model: ModelSpec) -> Embeddings:
        """Return vectors; the gateway keeps each, and their cost is booked here."""
        expected = self.prices.cost(model.id, Usage(input=sum(map(len, texts)) // 3, output=0)) or 0.0
        await self._room(model.id, lambda: expected)
        spent = 0.0
        try:
            found = await self.gateway.embed(texts, model)
            spent = found.cost_usd or 0.0
        finally:
            self._landed(model.id, expected, spent)
        if found.cached < len(texts):
            unknown = int(found.ok and found.cost_usd is None)
            self.store.judgements.book(self.run_id, self.scoring_id, spent, calls=1, unknown=unknown)
        return found

    async def _kept_or_asked(self, key: str, request: Request) -> Completion:
        kept = self.store.judgements.get(key, run_id=self._only)
        if kept is not None:
            return kept
        name = request.model.id
        expected = await self._room(name, lambda: self._expected(request))
        spent = 0.0
        try:
            completion = await self.gateway.complete(request)
            spent = 0.0 if completion.cached else completion.cost_usd or 0.0
            self.store.judgements.add(self.run_id, self.scoring_id, key, name, completion, spent_usd=spent)
        finally:
            self._landed(name, expected, spent)
        if not completion.cached and completion.ok:
            self._dearest[name] = max(self._dearest.get(name, 0.0), spent)
        return completion

    async def _room(self, name: str, expected: Callable[[], float]) -> float:
        """Wait until the caps leave room for one more call of a judge, and return what was set aside for it.

        Raises:
            Withheld: They leave none, or nothing new is to be asked.
        """
        while True:
            if self._stopping():
                self.withheld += 1
                raise Withheld
            if not self.cap.limited:
                usd = 0.0
                break
            usd = expected()
            first = name not in self._dearest and self._flying[name] > 0
            if not first and self.cap.allows_beside(usd):
                break
            if not first and not self.cap.busy:
                self.withheld += 1
                raise Withheld
            await asyncio.sleep(_PAUSE_S)
        self._flying[name] += 1
        self.cap.begin_beside(usd)
        return usd

    def _landed(self, name: str, expected: float, spent: float) -> None:
        self._flying[name] -= 1
        self.cap.end_beside(expected, spent)

    def _expected(self, request: Request) -> float:
        name = request.model.id
        if name in self._dearest:
            return self._dearest[name]
        given = {**request.params, **request.model.params}
        limits = [given[n] for n in ("max_completion_tokens", "max_tokens") if isinstance(given.get(n), int)]
        tokens = round(count_messages(request.messages, request.model).high)
        reply = min(limits, default=ASSUMED_REPLY)
        return self.prices.cost(name, Usage(input=tokens, output=reply)) or 0.0
