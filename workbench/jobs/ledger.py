"""Calls beside runs, such as vectors for a search, held to the caps of a day and booked like all others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.errors import BadInput
from workbench.jobs.caps import cap_sentence, daily_caps
from workbench.llm.embeddings import Embeddings, vector_key, vectors_usd
from workbench.llm.pricebook import PriceBook
from workbench.llm.types import ModelSpec, Usage
from workbench.store import Store

if TYPE_CHECKING:
    from workbench.llm.gateway import Gateway

#: Characters that a token has at least, about: so that what is expected is rather too much.
_CHARACTERS_A_TOKEN = 3


class Ledger:
    """The day's books of one person.

    Args:
        store: Where they are kept.
        author: Who spends.
        env: Where the caps are looked up; the process's environment by default.
    """

    def __init__(self, store: Store, author: str, env: Mapping[str, str] | None = None) -> None:
        self.store, self.author = store, author
        self._env = os.environ if env is None else env

    def check(self, expected: Mapping[str, float | None]) -> None:
        """Refuse calls that a cap forbids.

        Args:
            expected: Model → the USD that its calls may cost; None is unknown.

        Raises:
            BadInput: A cap would be passed, or a price is unknown, so that none could be kept.
        """
        caps = daily_caps(self._env)
        if not caps:
            return
        for name, usd in expected.items():
            if usd is None:
                raise BadInput(
                    f"The price of {name} is unknown, so the cap of a day cannot be kept",
                    hint="give its price in prices.yaml, or use another model",
                )
        usd = sum(cost or 0.0 for cost in expected.values())
        reached = self.store.spending.hold(caps, self.author, usd) if usd else None
        if reached is not None:
            raise BadInput(cap_sentence(reached), hint="ask again tomorrow (UTC), or raise the cap")

    def book(self, usd: float | None, *, cached: bool = False) -> None:
        """Count what a call has cost. Nothing is counted for a cached answer, or at an unknown price."""
        if usd and not cached:
            self.store.spending.add(self.author, usd)


def unbought(
    store: Store, prices: PriceBook, texts: Sequence[str], model: ModelSpec, *, cached: bool = True
) -> tuple[int, float | None]:
    """Return how many texts have no vector yet, and what theirs will cost in USD (None is unknown).

    ``cached`` is whether vectors that are kept count.
    """
    keys = {text: vector_key(text, model) for text in texts}
    kept = store.cache.kept(list(keys.values())) if cached else set()
    missing = [text for text, key in keys.items() if key not in kept]
    if not missing:
        return 0, 0.0
    tokens = sum(len(text) // _CHARACTERS_A_TOKEN + 1 for text in missing)
    return len(missing), vectors_usd(prices, model, Usage(input=tokens))


async def embed_booked(
    gateway: Gateway, ledger: Ledger, prices: PriceBook, texts: Sequence[str], model: ModelSpec
) -> Embeddings:
    """Return the vectors of texts, within the caps of the day, and book what they cost.

    Vectors that the cache holds cost nothing, and are read even when a cap is met. The gateway must have the
    store's cache for that, or none.

    Raises:
        BadInput: A cap forbids it, or the model's price is unknown under one; nothing was asked.
    """
    missing, usd = unbought(ledger.store, prices, texts, model, cached=gateway.caches)
    if missing:
        ledger.check({model.name: usd})
    found = await gateway.embed(texts, model)
    ledger.book(found.cost_usd)
    return found
