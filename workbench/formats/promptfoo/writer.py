"""A suite as a promptfoo config, with what has no counterpart there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.formats.promptfoo.asserting import NoCounterpart, assertion_of
from workbench.formats.promptfoo.folder import shown
from workbench.formats.promptfoo.prompts import LOOKS_LIKE_FILE
from workbench.formats.promptfoo.providers import ECHO_ID
from workbench.prompts.content import Prompt
from workbench.prompts.templates import PLACEHOLDER

_TAG = re.compile(r"\{\{|\{%|\{#")
_REFERENCE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
#: Names that are meant; None where that is all of them.
Names = tuple[str, ...] | None
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
_PREFIXES = {
    "openai": "openai:chat", "anthropic": "anthropic:messages", "gemini": "google", "ollama": "ollama:chat",
    "mistral": "mistral", "groq": "groq", "deepseek": "deepseek", "xai": "xai", "openrouter": "openrouter",
    "together_ai": "togetherai", "cohere": "cohere", "azure": "azure:chat", "vertex_ai": "vertex",
    "bedrock": "bedrock", "perplexity": "perplexity", "cerebras": "cerebras",
}  # fmt: skip


@dataclass(frozen=True)
class ExportedCase:
    """One case in plain words: ``scorers`` are the entries that score it, with the case's values filled in."""

    id: str
    vars: Mapping[str, Any]
    expected: Any
    metadata: Mapping[str, Any]
    scorers: Sequence[dict[str, Any]]


class Writer:
    """Writes one config. ``notes`` says what has no counterpart, or may come out otherwise, a sentence each."""

    def __init__(self) -> None:
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know before the config is used."""
        return tuple(self._notes)

    def config(
        self,
        *,
        description: str,
        prompts: Sequence[Prompt],
        models: Sequence[dict[str, Any]],
        cases: Sequence[ExportedCase],
        repeats: int,
        judge: dict[str, Any] | None = None,
        asked: Callable[[str], tuple[Names, Names]] = lambda case: (None, None),
    ) -> dict[str, Any]:
        """Return the config as plain data.

        Args:
            description: What the suite is for.
            prompts: Its prompts.
            models: Its models, as entries of ``models``.
            cases: Its cases.
            repeats: Answers to each cell.
            judge: What judges where a scorer names no model, as an entry of ``models``.
            asked: Returns the only prompts and the only models of a case, None where that is all of them.
        """
        jinja = any(prompt.template == "jinja2" for prompt in prompts)
        providers = [found for model in models if (found := self._provider(model)) is not None]
        config: dict[str, Any] = {"description": description} if description else {}
        config["prompts"] = [self._prompt(prompt) for prompt in prompts]
        config["providers"] = providers
        grader = self._provider(judge) if judge else None
        if grader is not None:
            config["defaultTest"] = {"options": {"provider": grader}}
        config["tests"] = [self._test(case, jinja, asked(case.id)) for case in cases]
        if repeats > 1:
            config["evaluateOptions"] = {"repeat": repeats}
        return config

    def _note(self, text: str) -> None:
        self._notes[text] = None

    def _prompt(self, prompt: Prompt) -> dict[str, Any]:
        """Return a prompt as JSON messages: promptfoo cannot read .prompt.yml files."""
        name = shown(prompt.name, 60)
        if prompt.template == "jinja2":
            self._note(
                f'the prompt "{name}" is a Jinja2 template; promptfoo reads it as Nunjucks, which is not quite the same'
            )
        if prompt.parameters or prompt.json_schema or prompt.response_format:
            self._note(
                f'the parameters and the response format of the prompt "{name}" are not written: set them in `config`'
            )
        messages = []
        for message in prompt.messages:
            if message.images:
                self._note(f'the images of the prompt "{name}" are not written')
            if message.sent:
                content = (
                    message.content if prompt.template == "jinja2" else self._literal(message.content, name)
                )
                messages.append({"role": message.role, "content": content})
        text = messages[0]["content"] if len(messages) == 1 and messages[0]["role"] == "user" else None
        if text is None or not may_stand_as_text(text):
            text = json.dumps(messages, ensure_ascii=False, indent=2)
        return {"label": prompt.name, "raw": text}

    def _literal(self, content: str, name: str) -> str:
        """Return a literal template as Nunjucks: what is no placeholder stays text."""
        parts, at = [], 0
        for match in PLACEHOLDER.finditer(content):
            parts += [_raw(content[at : match.start()]), match[0]]
            at = match.end()
            if not _PLAIN_NAME.fullmatch(match[1].strip()):
                self._note(
                    f'the variable "{shown(match[1], 40)}" of the prompt "{name}" has a name that no template knows '
                    "in promptfoo: rename it"
                )
        return "".join([*parts, _raw(content[at:])])

    def _provider(self, model: dict[str, Any]) -> Any:
        model_id = str(model["id"])
        kind, _, rest = model_id.partition("/")
        if model_id == ECHO_ID:
            found = "echo"
        elif model.get("outputs") or kind in ("offline", "local", "recorded"):
            self._note(f"the model {shown(model_id, 60)} has no counterpart and is left out")
            return None
        else:
            found = f"{_PREFIXES[kind]}:{rest}" if kind in _PREFIXES else f"litellm:{model_id}"
        config = dict(model.get("params") or {})
        for ours, theirs in (("api_base", "apiBaseUrl"), ("api_key_env", "apiKeyEnvar")):
            if model.get(ours):
                config[theirs] = model[ours]
        entry = {"id": found}
        if model.get("label"):
            entry["label"] = model["label"]
        if config:
            entry["config"] = config
        return entry if len(entry) > 1 else found

    def _test(self, case: ExportedCase, jinja: bool, asked: tuple[Names, Names]) -> dict[str, Any]:
        values = {name: self._value(case, name, value, jinja) for name, value in case.vars.items()}
        test: dict[str, Any] = {"description": case.id, "vars": values}
        test |= {
            key: list(own)
            for key, own in zip(("prompts", "providers"), asked, strict=True)
            if own is not None
        }
        asserts = []
        for entry in case.scorers:
            if (
                entry["type"] == "override"
                and entry.get("scorer") == "overall"
                and "threshold" in entry.get("set", {})
            ):
                test["threshold"] = entry["set"]["threshold"]
                continue
            try:
                for one in assertion_of(entry, case.expected, self._note):
                    if one.get("provider") is not None:
                        one["provider"] = self._provider(one["provider"])
                    asserts.append(_as_texts(one))
            except NoCounterpart as problem:
                self._note(
                    f'the scorer "{shown(str(entry.get("name") or entry["type"]), 60)}" is left out: {problem}'
                )
        if asserts:
            test["assert"] = asserts
        if case.metadata:
            test["metadata"] = dict(case.metadata)
        if jinja and any(isinstance(value, list) for value in values.values()):
            test["options"] = {"disableVarExpansion": True}
        return test

    def _value(self, case: ExportedCase, name: str, value: Any, jinja: bool) -> Any:
        """Return a value as promptfoo prints it the same way: what is no text becomes its JSON."""
        if not isinstance(value, str):
            if jinja:
                return value
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if _TAG.search(value):
            names = {match[1] for match in _REFERENCE.finditer(value)} & set(case.vars)
            if names or "endraw" in value:
                self._note(
                    f'the variable "{shown(name, 40)}" of the case {shown(case.id, 60)} holds {{{{, {{% or {{#, which '
                    "promptfoo renders as a template"
                )
            else:
                value = _raw(value)
        if value.endswith("\n"):
            self._note(
                f'the variable "{shown(name, 40)}" of {shown(case.id, 60)} ends with a line break, which promptfoo '
                "leaves away"
            )
        if value.startswith("file://"):
            self._note(f'the variable "{shown(name, 40)}" of {shown(case.id, 60)} would be read as a file')
        return value


def may_stand_as_text(text: str) -> bool:
    """Return whether promptfoo takes a text for the prompt itself, and not for a file or a list of messages."""
    return (
        bool(text.strip())
        and not text.lstrip().startswith(("[", "- role:", "file://"))
        and ("\n" in text or not LOOKS_LIKE_FILE.fullmatch(text.strip()))
    )


def _raw(text: str) -> str:
    """Return a text so that Nunjucks leaves it as it is."""
    return f"{{% raw %}}{text}{{% endraw %}}" if _TAG.search(text) and "endraw" not in text else text


def _as_texts(assertion: dict[str, Any]) -> dict[str, Any]:
    """promptfoo renders values of assertions as templates, too."""
    done = dict(assertion)
    value = done.get("value")
    if isinstance(value, str):
        done["value"] = _raw(value)
    elif isinstance(value, list):
        done["value"] = [_raw(item) if isinstance(item, str) else item for item in value]
    if isinstance(done.get("assert"), list):
        done["assert"] = [_as_texts(part) for part in done["assert"]]
    return done
