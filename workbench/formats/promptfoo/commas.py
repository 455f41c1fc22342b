"""Texts that stand for lists, as promptfoo cuts them."""

from __future__ import annotations


def comma_separated(text: str) -> list[str]:
    """Return the parts of a text such as ``a, "b, c"``: quotes keep a comma, and are doubled or escaped inside."""
    parts, at = [], 0
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
        elif text[at] == '"':
            at, field = at + 1, ""
            while at < len(text):
                pair = text[at : at + 2]
                if pair in ('\\"', "\\\\", '""'):
                    field, at = field + pair[1], at + 2
                elif text[at] == '"':
                    at += 1
                    break
                else:
                    field, at = field + text[at], at + 1
            parts.append(field)
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            parts.append(text[at:end].strip())
            at = end
    return parts
