"""LiteLLM itself: imported late, quiet and without a fetch, and what is asked of it beside calls."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from typing import Any

from workbench.errors import CompletionError
from workbench.llm.types import Request, Usage

_LOCK = threading.Lock()
_WARM: list[bool] = []


def load_litellm() -> Any:
    """Import LiteLLM so that it fetches nothing, reads no ``.env``, and keeps quiet. Takes seconds, once."""
    with _LOCK:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        os.environ["LITELLM_MODE"] = "PRODUCTION"
        import litellm

        litellm.telemetry = False
        litellm.suppress_debug_info = True
        litellm.drop_params = False
        litellm.modify_params = False
        # What goes wrong is told through completions; its own log could hold messages and addresses.
        logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
        # Its tokenizer loads at the first stream, on the event loop: better now than inside a latency.
        litellm.token_counter(model="gpt-4o", text="warm")
        _without_bookkeeping()
        return litellm


def _without_bookkeeping() -> None:
    """Spare each call the cost that LiteLLM computes and nobody reads here: a fifth of its time.

    Prices are ours (`workbench.llm.pricebook`). There is no setting for it, and the version is pinned.
    """
    from litellm.litellm_core_utils.litellm_logging import Logging

    Logging.response_cost_calculator = lambda *args, **kwargs: None


def warm_litellm() -> Any:
    """Import LiteLLM with all that it would import at its first call, which must not count into that call's time."""
    litellm = load_litellm()
    with _LOCK:
        if not _WARM:
            import anyio._backends._asyncio  # noqa: F401
            import openai

            client = openai.AsyncOpenAI(api_key="warm")
            _ = client.chat.completions, client.embeddings
            turn = [{"role": "user", "content": "warm"}]
            for stream in (False, True):
                list(
                    litellm.completion(
                        "openai/warm", turn, mock_response="warm", stream=stream, max_retries=0
                    )
                )
            _WARM.append(True)
    return litellm


def refuse_owned(names: Iterable[str]) -> None:
    """Refuse the parameters that LiteLLM keeps for itself.

    Raises:
        CompletionError: Of kind bad_request, naming the parameter.
    """
    from litellm.types.utils import is_litellm_owned_kwarg

    for name in names:
        if is_litellm_owned_kwarg(name) and name not in ("api_version", "metadata"):
            raise CompletionError(
                f'The parameter "{name}" cannot be set on a call', kind="bad_request", hint="remove it"
            )


def count_tokens(request: Request, text: str) -> Usage:
    """Count the tokens ourselves, where the server did not."""
    litellm = load_litellm()
    try:
        asked = litellm.token_counter(
            model=request.model.id,
            messages=list(request.messages),
            use_default_image_token_count=True,  # else it would fetch the images
        )
        told = litellm.token_counter(model=request.model.id, text=text) if text else 0
    except Exception:  # a tokenizer that cannot be loaded leaves the count unknown
        return Usage()
    return Usage(input=int(asked), output=int(told), estimated=True)
