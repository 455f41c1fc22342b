"""A cache that holds new answers back until the run commits them, so that both are one transaction."""

from __future__ import annotations

from workbench.llm.gateway import CompletionCache
from workbench.llm.types import Completion


class HeldCache:
    """Implements `workbench.llm.gateway.CompletionCache` for one run: it reads through, and holds what is new."""

    def __init__(self, cache: CompletionCache) -> None:
        self._cache = cache
        self._held: dict[str, tuple[str, Completion]] = {}

    def get(self, key: str) -> Completion | None:
        """Return the answer that is held or kept under this key."""
        held = self._held.get(key)
        return held[1] if held is not None else self._cache.get(key)

    def put(self, key: str, model: str, completion: Completion) -> None:
        """Hold an answer."""
        self._held.setdefault(key, (model, completion))

    def take(self) -> list[tuple[str, str, Completion]]:
        """Return what is held, as ``(key, model, completion)``, for whoever commits it now."""
        taken = [(key, model, completion) for key, (model, completion) in self._held.items()]
        self._held.clear()
        return taken

    def flush(self) -> None:
        """Commit what is held yet: answers that came when nobody waited for them any more."""
        for key, model, completion in self.take():
            self._cache.put(key, model, completion)
