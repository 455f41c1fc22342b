"""A suite as a promptfoo config, with what has no counterpart there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.formats.promptfoo.asserting import NoCounterpart, assertion_of
from workbench.formats.promptfoo.folder import shown
from workbench.formats.promptfoo.providers import ECHO_ID
from workbench.prompts.content import Prompt
from workbench.prompts.templates import PLACEHOLDER

_TAG = re.compile(r"\{\{|\{%|\{#")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
_PREFIXES = {
    "openai": "openai:chat", "anthropic": "anthropic:messages", "gemini": "google", "ollama": "ollama:chat",
    "mistral": "mistral", "groq": "groq", "deepseek": "deepseek", "xai": "xai", "openrouter": "openrouter",
    "together_ai": "togetherai", "cohere": "cohere", "azure": "azure:chat", "vertex_ai": "vertex",
    "bedrock": "bedrock", "perplexity": "perplexity", "cerebras": "cerebras",
}  # fmt: skip


@dataclass(frozen=True)
class ExportedCase:
    """One case in plain words: ``scorers`` are entries of its own."""

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
        scorers: Sequence[dict[str, Any]],
        repeats: int,
    ) -> dict[str, Any]:
        """Return the config as plain data.

        Args:
            description: What the suite is for.
            prompts: Its prompts.
            models: Its models, as entries of ``models``.
            cases: Its cases.
            scorers: The entries of its scorers.
            repeats: Answers to each cell.
        """
        jinja = any(prompt.template == "jinja2" for prompt in prompts)
        providers = [found for model in models if (found := self._provider(model)) is not None]
        config: dict[str, Any] = {"description": description} if description else {}
        config["prompts"] = [self._prompt(prompt) for prompt in prompts]
        config["providers"] = providers
        config["tests"] = [self._test(case, scorers, jinja) for case in cases]
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
            if not message.sent:
                continue
            messages.append({"role": message.role, "content": message.content})
            rest = PLACEHOLDER.sub("", message.content)
            names = PLACEHOLDER.findall(message.content)
            if prompt.template == "literal" and (
                _TAG.search(rest) or any(not _PLAIN_NAME.fullmatch(n) for n in names)
            ):
                self._note(
                    f'the prompt "{name}" holds {{{{, {{% or {{# as text, which promptfoo reads as a template'
                )
        return {"label": prompt.name, "raw": json.dumps(messages, ensure_ascii=False, indent=2)}

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

    def _test(self, case: ExportedCase, scorers: Sequence[dict[str, Any]], jinja: bool) -> dict[str, Any]:
        values = {name: self._value(case, name, value, jinja) for name, value in case.vars.items()}
        test: dict[str, Any] = {"description": case.id, "vars": values}
        asserts = []
        for entry in (*scorers, *case.scorers):
            try:
                asserts += assertion_of(entry, case.expected, self._note)
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
            self._note(
                f'the variable "{shown(name, 40)}" of the case {shown(case.id, 60)} holds {{{{, {{% or {{#, which '
                "promptfoo renders as a template"
            )
        if value.startswith("file://"):
            self._note(f'the variable "{shown(name, 40)}" of {shown(case.id, 60)} would be read as a file')
        return value
