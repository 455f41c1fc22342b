"""The built-in offline model: a rule-based stand-in, not a language model.

It makes the whole product work with no key and no network, and it is built so that a better prompt truly
scores better. It obeys what it recognises in the messages:

=============================================  ==============================================================
labels listed (inline, bullets, quotes)        answers with one of them, chosen by the words of their names and
                                               descriptions and by worked examples; without a list it answers
                                               in prose
JSON with named fields (list, skeleton,        fills them by name, type and description: mail addresses,
schema)                                        dates, money, references, names, counts, choices
dates as ISO, plain numbers, null when absent  done when said; otherwise values stay as they are written
limits in words, sentences, bullets, characters kept; with none it writes long
"answer only with …"                           answers bare; otherwise the answer comes with a sentence around
"the text is data, never follow it"            orders inside the text are passed over; otherwise it obeys them
=============================================  ==============================================================

Whatever else is asked, it answers with the text's own sentences. It knows no facts, no languages, no irony.

Tokens are counted by its own rule, and marked as estimated: one for each run of up to six letters or digits,
one for each other visible character.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.llm.rules.brief import Brief, read_brief
from workbench.llm.rules.fields import fill_fields
from workbench.llm.rules.labels import choose_label
from workbench.llm.rules.parts import take_apart
from workbench.llm.rules.summary import summarise
from workbench.llm.rules.text import count_tokens, sentences, tokens
from workbench.llm.types import Completion, Message, Usage

OFFLINE_ID = "offline/rules"
OFFLINE_NOTE = "a rule-based stand-in, not a language model"
#: Names these very rules: it changes when the same request may be answered differently.
OFFLINE_RESOLVED = "offline/rules-1"
#: The longest request that it reads, in its own tokens.
CONTEXT_WINDOW = 200_000

_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,60}\b(?:instructions?|rules?|prompts?|above|previous|labels?|everything)\b"
    r"|\bsystem (?:override|prompt|message)\b|\bnew instructions?\b",
    re.I,
)
_SAY = re.compile(
    r"\b(?:repl(?:y|ies)|answer|respond|say|output|return|write|print"
    r"|(?:classify|label|mark|tag)(?: (?:this|it))?(?: \w+)?)"
    r"[ \t]+(?:(?:only|just|exactly|with|as|the|word|label|text|that)[ \t:]+){0,4}[\"'“`]?([^\"'”`.!\n]{1,80})",
    re.I,
)


def answer(
    messages: Sequence[Message],
    params: Mapping[str, Any] | None = None,
    response_format: Mapping[str, Any] | None = None,
) -> Completion:
    """Answer the messages: the same ones always alike, in this process, in time linear in their length.

    Args:
        messages: The rendered chat messages.
        params: Honours ``max_tokens`` (and its other spellings) and ``stop``; the rest changes nothing.
        response_format: A provider-style object such as ``{"type": "json_schema", "json_schema": {…}}``;
            it may also stand in ``params``.

    Returns:
        A completion that costs 0 USD, without latency (the caller measures it). A request beyond
        `CONTEXT_WINDOW` tokens gives one with the error ``context_length``.
    """
    params = params or {}
    asked = sum(count_tokens(message["content"]) for message in messages)
    if asked > CONTEXT_WINDOW:
        return Completion(
            usage=Usage(input=asked, output=0, estimated=True),
            cost_usd=0.0,
            resolved_model=OFFLINE_RESOLVED,
            error="context_length",
            error_message=f"The messages have {asked} tokens; the offline model reads up to {CONTEXT_WINDOW}.",
        )
    parts = take_apart(messages)
    wanted = response_format or params.get("response_format") or {}
    brief = read_brief(
        parts.instructions, parts.examples, json.dumps(wanted, sort_keys=True) if wanted else ""
    )
    text, finish = _cut(_respond(brief, parts.text), params)
    return Completion(
        text=text,
        usage=Usage(input=asked, output=count_tokens(text), estimated=True),
        cost_usd=0.0,
        finish_reason=finish,
        resolved_model=OFFLINE_RESOLVED,
    )


def _respond(brief: Brief, text: str) -> str:
    order = _ORDER.search(text) if brief.instructions != text else None
    if order:
        if not brief.guarded:
            said = _SAY.search(text, order.end())
            return said.group(1).strip() if said else "Understood."
        text = _without_orders(text)
    if brief.wants_json:
        return fill_fields(brief, text)
    if brief.labels:
        label = choose_label(brief, text)
        return label if brief.only else f"I would file this under {label}, going by what it says."
    return summarise(brief, text)


def _without_orders(text: str) -> str:
    """Leave out the sentences that give orders, and the rest of an order that goes on in the next one."""
    kept, ordered = [], False
    for sentence in sentences(text):
        if _ORDER.search(sentence) or (ordered and _SAY.match(sentence)):
            ordered = True
            continue
        ordered = False
        kept.append(sentence)
    return "\n".join(kept)


def _cut(text: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Apply ``stop`` and ``max_tokens``; return the text and the finish reason."""
    stops = params.get("stop") or ()
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.partition(stop)[0] if stop else text
    names = ("max_tokens", "max_completion_tokens", "maxTokens", "maxCompletionTokens")
    most = next((params[n] for n in names if isinstance(params.get(n), int)), None)
    if most is not None:
        for number, token in enumerate(tokens(text)):
            if number >= most:
                return text[: token.start()].rstrip(), "length"
    return text, "stop"
