"""Trying versions and models side by side: each column streams into a buffer, and its answer is kept."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.evals.plan import response_format
from workbench.llm.gateway import Gateway
from workbench.llm.loop import submit
from workbench.llm.types import Completion, ModelSpec, Request
from workbench.prompts.content import Prompt
from workbench.prompts.templates import render
from workbench.store import Store

MAX_SLOTS = 4
#: Answers that no screen asks for any more are dropped from memory after so many sessions; the store keeps them.
KEPT_SESSIONS = 50


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


class Playground:
    """Sessions of up to four columns. Safe to use from several threads."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root, self.store = root, store
        self._sessions: dict[str, list[Slot]] = {}
        self._futures: dict[str, list[Any]] = {}
        self._guard = threading.Lock()

    def start(self, columns: Sequence[tuple[str, Prompt, ModelSpec]], variables: Mapping[str, Any]) -> str:
        """Ask every column at once and return the session's id.

        Args:
            columns: ``(title, prompt, model)`` of each column, at most `MAX_SLOTS`.
            variables: What the templates are filled with.

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
        session_id = uuid.uuid4().hex[:12]
        content = {
            "columns": [{"title": title, "model": model.name} for title, _, model in columns],
            "variables": dict(variables),
        }
        self.store.playground.begin(session_id, content)
        slots = [Slot(title, model.name) for title, _, model in columns]
        with self._guard:
            self._sessions[session_id] = slots
            while len(self._sessions) > KEPT_SESSIONS:
                oldest = next(iter(self._sessions))
                del self._sessions[oldest]
                self._futures.pop(oldest, None)
            self._futures[session_id] = [
                submit(self._answer(session_id, index, slot, request))
                for index, (slot, request) in enumerate(zip(slots, requests, strict=True))
            ]
        return session_id

    async def _answer(self, session_id: str, index: int, slot: Slot, request: Request) -> None:
        gateway = Gateway(root=self.root)
        completion = Completion(error="cancelled", error_message="Stopped")
        try:
            async for piece in gateway.stream(request):
                if isinstance(piece, Completion):
                    completion = piece
                else:
                    slot.text += piece
        finally:
            if completion.error == "cancelled":
                completion = Completion(text=slot.text, error="cancelled", error_message="Stopped by you")
            self.store.playground.answer(session_id, index, completion)
            slot.completion = completion
            await gateway.aclose()

    def state(self, session_id: str) -> list[Slot] | None:
        """Return the columns as they are now, from memory or, after a restart, from the store."""
        with self._guard:
            slots = self._sessions.get(session_id)
        if slots is not None:
            return slots
        stored = self.store.playground.get(session_id)
        if stored is None:
            return None
        content, answers = stored
        lost = Completion(
            error="cancelled", error_message="The app was stopped before the answer had arrived"
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

    def variables(self, session_id: str) -> dict[str, Any] | None:
        """Return what a session was filled with, or None where there is no such session."""
        stored = self.store.playground.get(session_id)
        return stored[0]["variables"] if stored else None

    def stop(self, session_id: str) -> None:
        """Stop every column that is still arriving; what has arrived is kept."""
        with self._guard:
            futures = self._futures.get(session_id, [])
        for future in futures:
            future.cancel()
