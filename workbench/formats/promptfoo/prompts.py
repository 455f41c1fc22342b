"""The prompts of a config: text, chats, files, patterns; from Nunjucks to the template engines here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from workbench.errors import PromptError
from workbench.files import dump_yaml, load_yaml
from workbench.formats.promptfoo.affixes import Affixes
from workbench.formats.promptfoo.findings import Findings, Place
from workbench.formats.promptfoo.folder import CODE_SUFFIXES, Folder, Source, Unreadable, shown
from workbench.formats.promptfoo.templates import NotConvertible, convert, with_defaults
from workbench.prompts.content import Prompt
from workbench.prompts.prompt_file import parse_prompt

MAX_PROMPTS = 200
_FILE_SUFFIXES = (".txt", ".json", ".jsonl", ".yaml", ".yml", ".md", ".j2", ".csv", *CODE_SUFFIXES)
_SPLIT = re.compile(r"^---[ \t]*$", re.MULTILINE)
LOOKS_LIKE_FILE = re.compile(r"[\w./*@{},-]+\.(?:" + "|".join(s[1:] for s in _FILE_SUFFIXES) + r")(?::\w+)?")
_SERVICES = ("langfuse://", "portkey://", "helicone://", "exec:")


@dataclass(frozen=True)
class ConfigPrompt:
    """One prompt of a config. ``chat`` says that it is a list of messages and not one text.

    ``names`` are the variables that it uses, ``printed`` those that it prints as they are, ``shaped`` those that it
    looks into, and ``outputs`` the other expressions that it prints.
    """

    prompt: Prompt
    label: str
    chat: bool
    names: tuple[str, ...]
    printed: tuple[str, ...]
    place: Place
    shaped: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()  # all that a config may call it
    absent: frozenset[str] = frozenset()  # variables that stay missing where a test lacks them
    conditions: tuple[str, ...] = ()  # variables that a condition looks at
    with_numbers: tuple[str, ...] = ()  # variables that are compared with numbers
    with_texts: tuple[str, ...] = ()  # variables that are compared with texts


@dataclass(frozen=True)
class _Raw:
    text: str
    label: str
    place: Place
    calls: tuple[str, ...] = ()


class PromptReader:
    """Reads ``prompts``."""

    def __init__(self, folder: Folder, source: Source, findings: Findings) -> None:
        self.folder, self.source, self.findings = folder, source, findings
        self.absent: frozenset[str] = frozenset()

    def read(self, value: Any, *, own: Affixes) -> tuple[ConfigPrompt, ...]:
        """Return all prompts that can be used, between what stands around each."""
        raws: list[_Raw] = []
        items: list[tuple[Any, Place]] = []
        if isinstance(value, dict):
            items = [
                ({"id": key, "label": label}, self.source.place("prompts", key))
                for key, label in value.items()
            ]
        elif isinstance(value, list):
            items = [(item, self.source.place("prompts", i)) for i, item in enumerate(value)]
        elif value is not None:
            items = [(value, self.source.place("prompts"))]
        for item, place in items:
            try:
                raws += self._item(item, place)
            except Unreadable as problem:
                self.findings.loss(f"a prompt is left out: {problem}", place)
        if len(raws) > MAX_PROMPTS:
            self.findings.loss(
                f"only the first {MAX_PROMPTS} prompts are taken", self.source.place("prompts")
            )
        self.absent = with_defaults(raw.text for raw in raws)
        found: list[ConfigPrompt] = []
        for raw in raws[:MAX_PROMPTS]:
            made = self._prompt(raw, [p.prompt.name for p in found], own)
            if made is not None:
                found.append(made)
        return tuple(found)

    def judge_prompt(self, text: str, label: str, taken: list[str], place: Place) -> ConfigPrompt | None:
        """Return the prompt that a config has for its judges; None, with a finding, where it cannot be used."""
        return self._prompt(_Raw(text, label, place), taken, Affixes())

    def _item(self, item: Any, place: Place) -> list[_Raw]:
        if isinstance(item, str):
            return self._text(item, "", place)
        if not isinstance(item, dict):
            raise Unreadable("it is neither a text nor a mapping")
        label = item.get("label") or item.get("display") or ""
        for key in ("config", "function"):
            if item.get(key):
                self.findings.loss(f"`{key}` of a prompt is not used", place)
        if isinstance(item.get("raw"), str):
            called = (str(item["id"]),) if item.get("id") else ()
            return [
                replace(raw, calls=(*raw.calls, *called))
                for raw in self._text(item["raw"], str(label or item.get("id") or ""), place)
            ]
        name = item.get("id")
        if isinstance(name, str) and (name.startswith("file://") or LOOKS_LIKE_FILE.fullmatch(name)):
            return self._text(name, str(label), place)
        known = ", ".join(f"`{key}`" for key in list(item)[:5])
        raise Unreadable(
            f"it has no `raw` and names no file (it has {known}), so promptfoo has no text either"
        )

    def _text(self, text: str, label: str, place: Place) -> list[_Raw]:
        if text.startswith(_SERVICES):
            raise Unreadable(f'"{shown(text, 40)}" is fetched or run by promptfoo, which is not done here')
        named = text.startswith("file://")
        if not named and ("\n" in text or not LOOKS_LIKE_FILE.fullmatch(text.strip())):
            return [_Raw(text, label, place)]
        bare = text.strip().removeprefix("file://")
        path = re.sub(r"(\.\w+):\w+$", r"\1", bare)
        if PurePosixPath(path).suffix.lower() in CODE_SUFFIXES:
            raise Unreadable(f'"{shown(bare)}" is code that makes prompts, which is not run')
        files = self.folder.find(path)
        found = []
        for file in files:
            own = self._file(file, label if len(files) == 1 else "", place)
            name = self.folder.shown(file)
            found += [
                replace(r, calls=(text.strip(), bare, name, f"{name}: {r.text}", *r.calls)) for r in own
            ]
        return found

    def _file(self, file: Any, label: str, place: Place) -> list[_Raw]:
        name, suffix = self.folder.shown(file), file.suffix.lower()
        stem, here = label or file.stem, Place(name)
        if suffix == ".csv":
            rows = self.folder.data(file).data
            return [
                _Raw(
                    row.get("prompt") or next(iter(row.values()), ""), row.get("label") or f"{stem}-{n}", here
                )
                for n, row in enumerate(rows, start=1)
            ]
        text = self.folder.text(file)
        if suffix == ".txt":
            parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
        elif suffix == ".jsonl":
            parts = [line for line in text.split("\n") if line.strip()]
        elif suffix in (".yaml", ".yml"):
            data = self.folder.data(file).data
            parts = [data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)]
        else:
            parts = [text]
        if len(parts) == 1:
            return [_Raw(parts[0], stem, here)]
        return [_Raw(part, f"{stem}-{n}", here) for n, part in enumerate(parts, start=1)]

    def _prompt(self, raw: _Raw, taken: list[str], own: Affixes) -> ConfigPrompt | None:
        name = _name(raw.label, taken)
        messages = self._messages(raw if own.names else replace(raw, text=own.around(raw.text)))
        chat = messages is not None
        calls = (raw.label, name, *raw.calls, raw.text.strip())
        raw = replace(raw, text=own.around(raw.text))
        messages = messages or [{"role": "user", "content": raw.text}]
        try:
            converted = convert([text for m in messages for text in _texts(m)], self.absent)
            document = {"messages": _with_texts(messages, list(converted.texts))}
            if converted.engine == "jinja2":
                document["x-workbench"] = {"schemaVersion": 1, "template": "jinja2"}
            prompt, _ = parse_prompt(dump_yaml(document), name=name)
        except NotConvertible as problem:
            self.findings.loss(f'the prompt "{shown(name, 40)}" is left out: {problem}', raw.place)
            return None
        except PromptError as problem:
            self.findings.loss(
                f'the prompt "{shown(name, 40)}" is left out: {shown(problem.message, 150)}', raw.place
            )
            return None
        return ConfigPrompt(
            replace(prompt, description=raw.label if raw.label != name else ""),
            raw.label or name,
            chat,
            converted.names,
            converted.printed,
            raw.place,
            converted.shaped,
            converted.outputs,
            tuple(call for call in dict.fromkeys(calls) if call),
            self.absent,
            converted.conditions,
            converted.with_numbers,
            converted.with_texts,
        )

    def _messages(self, raw: _Raw) -> list[dict[str, Any]] | None:
        """Return the chat that a text is, or None where it is a text."""
        text = raw.text.strip()
        try:
            if text.startswith("["):
                data = json.loads(text)
            elif text.startswith("- role:"):
                data = load_yaml(text).data
            else:
                return None
        except (ValueError, RecursionError, PromptError):
            if '"role"' in text:
                self.findings.difference(
                    "the prompt looks like a list of messages and is JSON only after rendering: it is sent as one text",
                    raw.place,
                )
            return None
        chat = isinstance(data, list) and data and all(isinstance(m, dict) and "role" in m for m in data)
        if not chat:
            return None
        for message in data:
            if message["role"] == "developer":
                message["role"] = "system"
                self.findings.difference("the role `developer` is sent as `system`", raw.place)
        return data


def _texts(message: dict[str, Any]) -> list[str]:
    """Return the texts of a message that are templates."""
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    texts: list[str] = []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif isinstance(part, dict) and isinstance(part.get("image_url"), dict):
            texts.append(str(part["image_url"].get("url", "")))
    return texts


def _with_texts(messages: list[dict[str, Any]], texts: list[str]) -> list[dict[str, Any]]:
    done = []
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            content = texts.pop(0)
        elif isinstance(content, list):
            parts = []
            for part in content:
                if isinstance(part, dict) and isinstance(part.get("text"), str):
                    part = {**part, "text": texts.pop(0)}
                elif isinstance(part, dict) and isinstance(part.get("image_url"), dict):
                    part = {**part, "image_url": {**part["image_url"], "url": texts.pop(0)}}
                parts.append(part)
            content = parts
        done.append({**message, "content": content})
    return done


def _name(label: str, taken: list[str]) -> str:
    """Return a name that can be a file's: the label's letters, numbered where it is taken."""
    plain = re.sub(r"[^\w.-]+", "-", label).strip("-._")[:60].strip("-._")
    base = plain or "prompt"
    name, number = (base if plain else "prompt-1"), 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
