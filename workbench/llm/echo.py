"""The model ``offline/echo`` answers with the prompt itself: what is sent can be looked at and scored for nothing."""

from __future__ import annotations

import json

from workbench.llm.types import Completion, Request, Usage

ECHO_ID = "offline/echo"


def echo(request: Request) -> Completion:
    """Return the request's only message as it stands, or several as indented JSON."""
    messages = request.messages
    only = messages[0]["content"] if len(messages) == 1 and messages[0]["role"] == "user" else None
    text = only if isinstance(only, str) else json.dumps(list(messages), ensure_ascii=False, indent=2)
    return Completion(
        text=text,
        usage=Usage(input=0, output=0, estimated=True),
        cost_usd=0.0,
        latency_s=0.0,
        finish_reason="stop",
        resolved_model=ECHO_ID,
    )
