"""Tell the instructions from the text to work on, and both from worked examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from workbench.llm.rules.text import word_set
from workbench.llm.types import Message

_TAG = re.compile(r"<([A-Za-z][\w-]{0,40})>")
_TEXT_TAGS = word_set("text input message email ticket document transcript content data notes order article")
_INPUT_WORDS = (
    r"(?:text|input|message|e-?mail|ticket|document|transcript|notes|article|question|review|passage|request)"
)
_OUTPUT_WORDS = r"(?:label|category|class|output|answer|summary|json|result|intent|reply|response|sentiment)"
_INPUT_HEAD = re.compile(rf"^[ \t]*(?:\w+ )?{_INPUT_WORDS}[ \t]*:[ \t]*", re.I | re.M)
_OUTPUT_HEAD = re.compile(rf"^[ \t]*{_OUTPUT_WORDS}[ \t]*:[ \t]*", re.I | re.M)
_ARROW = re.compile(
    r"^[ \t]*(?:[-*•][ \t]+)?[\"“'‘]([^\"”\n]{2,400})[\"”'’][ \t]*(?:->|=>|→|:)[ \t]*(\S[^\n]{0,80})$", re.M
)
_TASK = re.compile(
    r"(?:please )?(?:classify|categori[sz]e|summari[sz]e|extract|label|translate|rewrite)\b", re.I
)
_FENCES = ("```", '"""', "'''")


@dataclass(frozen=True)
class Example:
    """A worked example found in the messages."""

    text: str
    output: str


@dataclass(frozen=True)
class Parts:
    """One request, taken apart."""

    instructions: str
    text: str
    examples: tuple[Example, ...]


def take_apart(messages: Sequence[Message]) -> Parts:
    """Find the text to work on in the last user message; everything else instructs or shows how."""
    last = max((i for i, m in enumerate(messages) if m["role"] == "user"), default=len(messages) - 1)
    if last < 0:
        return Parts("", "", ())
    instructions: list[str] = []
    examples: list[Example] = []
    alone = all(m["role"] == "user" for m in messages)
    for index, message in enumerate(messages):
        if index == last or message["role"] == "assistant":
            continue
        answer = messages[index + 1] if index + 1 < len(messages) else None
        if message["role"] == "user" and answer and answer["role"] == "assistant":
            outside, inside = _split(message["content"], alone=False)
            examples.append(Example(inside, answer["content"].strip()))
        else:
            instructions.append(message["content"])
    alone = alone or messages[last]["role"] != "user"
    outside, inside = _split(messages[last]["content"], alone=alone)
    brief = "\n".join([*instructions, outside]).strip()
    return Parts(brief, inside.strip(), (*examples, *_written_examples(brief)))


def _split(content: str, *, alone: bool) -> tuple[str, str]:
    """Return (instructions, text). ``alone``: no other message says what to do."""
    for find in (_tagged, _fenced):
        found = find(content)
        if found:
            start, end, inside = found
            return f"{content[:start]}\n{content[end:]}".strip(), inside
    found_head = _headed(content, alone=alone)
    if found_head:
        return found_head
    first, _, rest = content.partition("\n\n")
    if rest.strip() and (alone or _TASK.match(first)):
        return first, rest
    head, _, tail = content.partition(":\n")
    if tail.strip() and (alone or _TASK.match(content)):
        return head + ":", tail
    return (content, content) if alone else ("", content)


def _tagged(content: str) -> tuple[int, int, str] | None:
    best = None
    end = 0
    # The delimiting tag comes early; the bound keeps a text of nothing but tags cheap.
    for match in islice(_TAG.finditer(content), 100):
        if match.start() < end:
            continue
        # The last closing tag, so that one written inside the text cannot end it.
        close = content.rfind(f"</{match.group(1)}>", match.end())
        if close < 0:
            continue
        end = close + len(match.group(1)) + 3
        found = (match.start(), end, content[match.end() : close])
        known = match.group(1).lower() in _TEXT_TAGS
        if best is None or known or not best[1]:
            best = (found, known)
    return best[0] if best else None


def _fenced(content: str) -> tuple[int, int, str] | None:
    for fence in _FENCES:
        start, close = content.find(fence), content.rfind(fence)
        if 0 <= start < close:
            inside = content[start + len(fence) : close]
            if fence == "```":
                inside = inside.partition("\n")[2] or inside
            return start, close + len(fence), inside
    return None


def _headed(content: str, *, alone: bool) -> tuple[str, str] | None:
    heads = list(_INPUT_HEAD.finditer(content))
    if not heads or (not alone and content[: heads[0].start()].strip()):
        return None
    first_answer = _OUTPUT_HEAD.search(content, heads[0].end())
    shown = first_answer is not None and any(h.start() > first_answer.start() for h in heads)
    head = heads[-1] if shown and alone else heads[0]
    inside = content[head.end() :]
    lines = inside.rstrip().rpartition("\n")
    if _OUTPUT_HEAD.fullmatch(lines[2]):
        inside = lines[0]
    return content[: head.start()], inside


def _written_examples(instructions: str) -> list[Example]:
    """Find examples written out in the instructions: ``"text" -> output`` and ``Text: … Label: …``."""
    found = [Example(m.group(1), m.group(2).strip(" `\"'.")) for m in _ARROW.finditer(instructions)]
    heads = list(_INPUT_HEAD.finditer(instructions))
    for head, following in zip_longest(heads, heads[1:]):
        limit = following.start() if following else len(instructions)
        answer = _OUTPUT_HEAD.search(instructions, head.end(), limit)
        if answer:
            output = instructions[answer.end() : limit].strip().partition("\n\n")[0]
            shown = instructions[head.end() : answer.start()].strip()
            if output and shown:
                found.append(Example(shown, output))
    return found
