"""Messages as the protocols send them and as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.prompts.content import PromptMessage


def message_content(message: PromptMessage, text: str, addresses: Sequence[str]) -> Any:
    """Return what the protocols call ``content``: text, or parts where there are images.

    Args:
        message: Which images there are, and where the text stands.
        text: The text.
        addresses: Those of the images.
    """
    if not message.images:
        return text
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {**image, "url": address}}
        for image, address in zip(message.images, addresses, strict=True)
    ]
    if text:
        parts.insert(message.text_at, {"type": "text", "text": text})
    return parts


def message_text(message: Mapping[str, Any]) -> str:
    """Return a rendered message as people read it: its text, with its images and calls of tools named."""
    content = message.get("content")
    lines = [content] if isinstance(content, str) and content else []
    for part in content if isinstance(content, list) else ():
        address = str((part.get("image_url") or {}).get("url", ""))
        short = address if len(address) <= 200 else f"{address[:60]}… ({len(address):,} characters)"
        lines.append(part["text"] if part.get("type") == "text" else f"[image {short}]")
    if message.get("tool_call_id"):
        lines.insert(0, f"[answer to {message['tool_call_id']}]")
    lines += [call_text(call) for call in message.get("tool_calls") or ()]
    return "\n".join(lines)


def call_text(call: Mapping[str, Any]) -> str:
    """Return the call of a tool on one line: ``[call_1: look({"id": 7})]``."""
    named = call.get("function") or {}
    return f"[{call.get('id') or 'call'}: {named.get('name', '')}({named.get('arguments', '')})]"
