"""Trying versions and models side by side: each column streams into a buffer, and its answer is kept."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import BadInput, StoreError
from workbench.evals.plan import response_format
from workbench.jobs.caps import daily_caps
from workbench.jobs.ledger import Ledger
from workbench.llm.gateway import Gateway
from workbench.llm.loop import submit
from workbench.llm.pricebook import PriceBook, load_prices
from workbench.llm.types import Completion, ModelSpec, Request
from workbench.prompts.content import Prompt
from workbench.prompts.prompt_file import parse_prompt, prompt_to_yaml
from workbench.prompts.templates import render
from workbench.store import Store
from workbench.workspace.library import current_author

_LOG = logging.getLogger(__name__)

MAX_SLOTS = 4
#: Answers that no screen asks for any more are dropped from memory after so many sessions; the store keeps them.
KEPT_SESSIONS = 50
#: A person is waiting: a server that fails is asked once more, and then its column says so.
MAX_RETRIES = 1


@dataclass
class Slot:
    """One column: what is asked, what has arrived, and the answer when it has ended."""

    title: str
    model: str
    text: str = ""
    completion: Completion | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def running(self) -> bool:
        """Whether the answer is still arriving."""
        return self.completion is None

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was asked; of use while it is running."""
        return time.monotonic() - self.started


@dataclass(frozen=True)
class AskedColumn:
    """What one column of a session asked. ``title`` is the version's selector, or says that it was a draft."""

    title: str
    prompt: Prompt
    model: ModelSpec


@dataclass(frozen=True)
class Session:
    """What was asked, by itself: it holds the prompts as they were then."""

    id: str
    created_at: str
    columns: tuple[AskedColumn, ...]
    variables: dict[str, Any]
    use_cache: bool

    @property
    def prompt(self) -> str:
        """The name of the prompt that was tried."""
        return self.columns[0].prompt.name


class Playground:
    """Sessions of up to four columns. Safe to use from several threads."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root, self.store = root, store
        self._slots: dict[str, list[Slot]] = {}
        self._futures: dict[str, list[Any]] = {}
        self._guard = threading.Lock()

    # -- asking ----------------------------------------------------------------------------------------

    def start(
        self,
        columns: Sequence[tuple[str, Prompt, ModelSpec]],
        variables: Mapping[str, Any],
        *,
        use_cache: bool = False,
    ) -> str:
        """Ask every column at once and return the session's id. None waits for another.

        Args:
            columns: ``(title, prompt, model)`` of each column, at most `MAX_SLOTS`.
            variables: What the templates are filled with.
            use_cache: Whether an answer that was paid for before is shown again, and new ones are kept.

        Raises:
            TemplateError: A prompt cannot be rendered with these variables; nothing was asked.
            BadInput: There is no column, or too many, or a recorded model.
        """
        if not 1 <= len(columns) <= MAX_SLOTS:
            raise BadInput(f"The playground shows 1 to {MAX_SLOTS} columns")
        if any(model.recorded for _, _, model in columns):
            raise BadInput("Recorded outputs answer the cases of a suite only", hint="choose another model")
        requests = [
            Request(
                model=model,
                messages=render(prompt, variables),
                params=dict(prompt.parameters),
                response_format=response_format(prompt),
                prompt_name=prompt.name,
            )
            for _, prompt, model in columns
        ]
        prices = load_prices(self.root)
        if daily_caps(os.environ):
            Ledger(self.store, current_author()).check(_expected(prices, requests))
        session_id = uuid.uuid4().hex[:12]
        self.store.playground.begin(session_id, _content(columns, variables, use_cache))
        slots = [Slot(title, model.name) for title, _, model in columns]
        with self._guard:
            self._slots[session_id] = slots
            self._forget_old()
            self._futures[session_id] = [
                submit(self._answer(session_id, index, slot, request, use_cache, prices))
                for index, (slot, request) in enumerate(zip(slots, requests, strict=True))
            ]
        return session_id

    def _forget_old(self) -> None:
        ended = [name for name, slots in self._slots.items() if not any(slot.running for slot in slots)]
        for name in ended[: max(0, len(self._slots) - KEPT_SESSIONS)]:
            del self._slots[name]
            self._futures.pop(name, None)

    async def _answer(
        self,
        session_id: str,
        index: int,
        slot: Slot,
        request: Request,
        use_cache: bool,
        prices: PriceBook,
    ) -> None:
        gateway = Gateway(
            root=self.root,
            cache=self.store.cache if use_cache else None,
            max_retries=MAX_RETRIES,
            prices=prices,
        )
        completion: Completion | None = None
        try:
            async for piece in gateway.stream(request):
                if isinstance(piece, Completion):
                    completion = piece
                else:
                    slot.text += piece
        except Exception as problem:  # the gateway reports every provider's fault; this is one of our own
            _LOG.exception("A playground column failed")
            message = (
                f"Workbench failed while reading the answer ({type(problem).__name__}); its log says more."
            )
            completion = Completion(text=slot.text, error="provider", error_message=message)
        finally:
            # Without a completion it was cancelled: only a stop does that.
            completion = completion or Completion(
                text=slot.text, error="cancelled", error_message="Stopped by you; what had arrived is kept."
            )
            try:
                self.store.playground.answer(session_id, index, completion)
                Ledger(self.store, current_author()).book(completion.cost_usd, cached=completion.cached)
            except StoreError as problem:  # it is paid for: it must reach the person all the same
                _LOG.warning("An answer of the playground could not be kept: %s", problem)
            slot.completion = completion
            await gateway.aclose()

    def stop(self, session_id: str, index: int | None = None) -> None:
        """Stop one column, or every one, that is still arriving; what has arrived is kept."""
        with self._guard:
            futures = list(self._futures.get(session_id, ()))
        for position, future in enumerate(futures):
            if index is None or position == index:
                future.cancel()

    # -- looking ---------------------------------------------------------------------------------------

    def state(self, session_id: str) -> list[Slot] | None:
        """Return the columns as they are now, from memory or, after a restart, from the store."""
        with self._guard:
            slots = self._slots.get(session_id)
        if slots is not None:
            return slots
        stored = self.store.playground.get(session_id)
        if stored is None:
            return None
        _, content, answers = stored
        lost = Completion(
            error="cancelled", error_message="The app was stopped before the answer had arrived."
        )
        return [
            Slot(
                column["title"],
                column["model"],
                text=answers.get(index, lost).text,
                completion=answers.get(index, lost),
            )
            for index, column in enumerate(content["columns"])
        ]

    def session(self, session_id: str) -> Session | None:
        """Return what a session asked, or None where there is no such session."""
        stored = self.store.playground.get(session_id)
        return _session(session_id, stored[0], stored[1]) if stored else None

    def variables(self, session_id: str) -> dict[str, Any] | None:
        """Return what a session was filled with, or None where there is no such session."""
        stored = self.store.playground.get(session_id)
        return stored[1]["variables"] if stored else None

    def recent(self, limit: int = 100) -> list[Session]:
        """Return the newest sessions, newest first."""
        return [_session(name, at, content) for name, at, content in self.store.playground.recent(limit)]

    # -- the form --------------------------------------------------------------------------------------

    def remember_form(self, prompt: str, form: dict[str, Any]) -> None:
        """Keep what a person has typed and chosen for a prompt, so that no reload loses it."""
        self.store.playground.remember_form(prompt, form)

    def form(self, prompt: str) -> dict[str, Any] | None:
        """Return what `remember_form` kept for a prompt, or None."""
        return self.store.playground.form(prompt)

    def last_prompt(self) -> str | None:
        """Return the prompt whose form was changed last, or None."""
        return self.store.playground.last_prompt()


def _content(
    columns: Sequence[tuple[str, Prompt, ModelSpec]], variables: Mapping[str, Any], use_cache: bool
) -> dict[str, Any]:
    return {
        "columns": [
            {
                "title": title,
                "model": model.name,
                "spec": model.to_dict(),
                "name": prompt.name,
                "prompt": prompt_to_yaml(prompt),
            }
            for title, prompt, model in columns
        ],
        "variables": dict(variables),
        "use_cache": use_cache,
    }


def _session(session_id: str, created_at: str, content: dict[str, Any]) -> Session:
    columns = tuple(
        AskedColumn(
            column["title"],
            parse_prompt(column["prompt"], name=column["name"])[0],
            ModelSpec.from_dict(column["spec"]),
        )
        for column in content["columns"]
    )
    return Session(session_id, created_at, columns, content["variables"], content["use_cache"])


def _expected(prices: PriceBook, requests: Sequence[Request]) -> dict[str, float | None]:
    """Return what the calls of each model may cost in all, in USD; None is unknown."""
    from workbench.workspace.estimating import expected_usd

    costs: dict[str, float | None] = {}
    for request in requests:
        cost, before = expected_usd(request, prices), costs.get(request.model.name, 0.0)
        costs[request.model.name] = None if cost is None or before is None else before + cost
    return costs
