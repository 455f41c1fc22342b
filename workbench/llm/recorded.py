"""Answers that were recorded before, in JSONL files of rows ``{id, output, …}``, looked up by case.

Rows: ``id`` (the case's), ``output``, and any of ``usage``, ``latency_s``, ``ttft_s``, ``cost_usd``,
``error`` (text, or a mapping with ``message`` and ``kind``), ``finish_reason``, ``model``, ``tool_calls`` and
``logprobs`` (as OpenAI's protocol has them), and ``repeat`` (from 0; a row without it answers the first repeat).
What a judge said of two answers has their models or versions as ``first`` and ``second`` beside the ``id``, in the
order in which it was shown them.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from workbench.errors import ERROR_KINDS, CompletionError, DatasetError
from workbench.llm.beside import Beside
from workbench.llm.types import Completion, ModelSpec, Request
from workbench.llm.usage import usage_from

MAX_FILE_BYTES = 4_000_000_000
MAX_LINE_BYTES = 20_000_000
MAX_ROWS = 5_000_000


def recorded_path(spec: ModelSpec, prompt_name: str | None, root: Path | None) -> Path:
    """Return the file of recorded outputs of a model for a prompt.

    A relative path is taken from ``root`` and must stay inside it; an absolute path is taken as it is.

    Raises:
        DatasetError: It leaves the folder, or it needs a prompt's name that cannot be part of a path.
    """
    if not spec.outputs:
        raise DatasetError(f"{spec.name} names no file of recorded outputs", hint="give the model outputs")
    text = spec.outputs
    if "{prompt}" in text:
        name = prompt_name or ""
        if not name or "/" in name or "\\" in name or name.startswith(".") or "\0" in name:
            raise DatasetError(
                f'The prompt name "{name}" cannot stand for {{prompt}} in the path {spec.outputs}',
                hint="give the prompt a plain name",
            )
        text = text.replace("{prompt}", name)
    path = Path(text)
    if path.is_absolute():
        return path
    base = (root or Path.cwd()).resolve()
    resolved = (base / path).resolve()
    if not resolved.is_relative_to(base):
        raise DatasetError(
            f"The recorded outputs {text} lie outside {base}",
            hint="move the file inside, or give its full path",
        )
    return resolved


def pair_id(case_id: str, first: str, second: str) -> str:
    """Return what a recorded judgement of two answers to a case, in their order, is looked up by."""
    return json.dumps([case_id, first, second], ensure_ascii=False)


def recorded_files(spec: ModelSpec, prompt_names: Iterable[str], root: Path | None) -> list[Path]:
    """Return the existing files that a recorded model reads for these prompts, each once, in their order.

    Raises:
        DatasetError: One is missing, or lies outside ``root``.
    """
    paths = dict.fromkeys(recorded_path(spec, name, root) for name in prompt_names)
    for path in paths:
        if not path.is_file():
            raise DatasetError("There is no such file of recorded outputs", file=path, hint="check the path")
    return list(paths)


@dataclass(frozen=True)
class _Place:
    offset: int
    length: int
    line: int


class RecordedFile:
    """One file, indexed by case and repeat. Rows stay on disk: memory grows with the ids only.

    Raises:
        DatasetError: It cannot be read, a row cannot be used, or two rows answer the same case.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[tuple[str, int], _Place] = {}
        self._lock = threading.Lock()
        try:
            self._stream: BinaryIO = path.open("rb")
        except FileNotFoundError:
            raise DatasetError(
                "There is no such file of recorded outputs", file=path, hint="check the path"
            ) from None
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            raise DatasetError(f"The recorded outputs cannot be read ({reason})", file=path) from None
        try:
            self._stamp = self._state()
            self._index()
        except BaseException:
            self._stream.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def completion(self, case_id: str, repeat: int = 0) -> Completion:
        """Return the recorded answer for a case.

        Raises:
            CompletionError: Of kind missing_recording: there is no row, or the file changed meanwhile.
        """
        place = self._places.get((case_id, repeat))
        if place is None:
            which = f'case "{case_id}"' + (f", repeat {repeat}" if repeat else "")
            raise CompletionError(
                f"There is no recorded output for {which} in {self.path.name}",
                kind="missing_recording",
                hint="record it, or leave the case out",
            )
        with self._lock:
            if self._state() != self._stamp:
                raise CompletionError(
                    f"The recorded outputs {self.path.name} changed while they were being read",
                    kind="missing_recording",
                    hint="start the run again",
                )
            self._stream.seek(place.offset)
            line = self._stream.read(place.length)
        return _completion(self._row(line, place.line), self.path, place.line)

    def _state(self) -> tuple[int, int]:
        import os

        status = os.fstat(self._stream.fileno())
        if status.st_size > MAX_FILE_BYTES:
            raise DatasetError("The file is larger than 4 GB", file=self.path, hint="split it")
        return status.st_size, status.st_mtime_ns

    def _index(self) -> None:
        offset = number = 0
        while line := self._stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            length = len(line)
            if length > MAX_LINE_BYTES:
                raise DatasetError("The line is longer than 20 MB", file=self.path, line=number)
            if line.strip(b"\xef\xbb\xbf \t\r\n"):
                self._add(self._row(line, number), _Place(offset, length, number))
            offset += length

    def _add(self, row: dict[str, Any], place: _Place) -> None:
        key = _key(row, self.path, place.line)
        earlier = self._places.get(key)
        if earlier is not None:
            which = f'"{key[0]}"' + (f", repeat {key[1]}" if key[1] else "")
            raise DatasetError(
                f"The case {which} is already answered on line {earlier.line}",
                file=self.path,
                line=place.line,
                field="id",
                hint="remove one row, or number them with repeat: 0, 1, …",
            )
        if len(self._places) >= MAX_ROWS:
            raise DatasetError(
                f"There are more than {MAX_ROWS:,} rows", file=self.path, hint="split the file"
            )
        _completion(row, self.path, place.line)
        self._places[key] = place

    def _row(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise DatasetError(
                "The line is not UTF-8 text", file=self.path, line=number, hint="save the file as UTF-8"
            ) from None
        except (ValueError, RecursionError):
            raise DatasetError(
                "The line is not valid JSON", file=self.path, line=number, hint="write one object a line"
            ) from None
        if not isinstance(row, dict):
            raise DatasetError("The line is not a JSON object", file=self.path, line=number)
        return row


class Recordings:
    """The recorded files of a run, each opened and indexed once."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._paths: dict[tuple[str | None, str | None], Path] = {}
        self._files: dict[Path, RecordedFile] = {}
        self._broken: dict[Path, DatasetError] = {}

    def answer(self, request: Request) -> Completion:
        """Return the recorded answer to a request, or the typed error in its place.

        Raises:
            CompletionError: Of kind missing_recording.
        """
        if request.case_id is None:
            raise CompletionError(
                f"{request.model.name} holds recorded answers to the cases of a suite, and this is not one",
                kind="missing_recording",
                hint="choose another model here",
            )
        try:
            file = self._file(self._path(request))
        except DatasetError as problem:
            where = f" ({_place(problem)})" if problem.file else ""
            raise CompletionError(
                f"{problem.message}{where}", kind="missing_recording", hint=problem.hint
            ) from None
        return file.completion(request.case_id, request.repeat)

    def _path(self, request: Request) -> Path:
        key = (request.model.outputs, request.prompt_name)
        if key not in self._paths:
            self._paths[key] = recorded_path(request.model, request.prompt_name, self._root)
        return self._paths[key]

    def _file(self, path: Path) -> RecordedFile:
        if path in self._broken:  # read once, however many cases ask for it
            raise self._broken[path]
        if path not in self._files:
            try:
                self._files[path] = RecordedFile(path)
            except DatasetError as problem:
                self._broken[path] = problem
                raise
        return self._files[path]

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()


def _place(problem: DatasetError) -> str:
    name = Path(problem.file or "").name
    return f"{name}, line {problem.line}" if problem.line else name


def _key(row: dict[str, Any], path: Path, line: int) -> tuple[str, int]:
    case, repeat = row.get("id"), row.get("repeat")
    if isinstance(case, bool) or not isinstance(case, str | int) or case == "":
        raise DatasetError("The row has no id", file=path, line=line, field="id", hint="give the case's id")
    if "first" in row or "second" in row:
        pair = (row.get("first"), row.get("second"))
        if not all(isinstance(name, str) and name for name in pair):
            raise DatasetError(
                "A judgement of a pair names first and second", file=path, line=line, field="first"
            )
        case = pair_id(str(case), *pair)
    if repeat is None:
        return str(case), 0
    if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 0:
        raise DatasetError("repeat must be 0, 1, 2, …", file=path, line=line, field="repeat")
    return str(case), repeat


def _completion(row: dict[str, Any], path: Path, line: int) -> Completion:
    def number(name: str) -> float | None:
        value = row.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise DatasetError(f"{name} must be a number of at least 0", file=path, line=line, field=name)
        return float(value)

    output, error, usage = row.get("output"), row.get("error"), row.get("usage")
    beside = _beside(row, path, line)
    if output is None and not error and not beside.tool_calls:
        raise DatasetError("The row has neither output nor error", file=path, line=line, field="output")
    if usage is not None and not isinstance(usage, dict):
        raise DatasetError("usage must be a mapping of token counts", file=path, line=line, field="usage")
    if not isinstance(output, str):
        output = "" if output is None else json.dumps(output, ensure_ascii=False)
    kind, message = _error(error)
    return Completion(
        text=output,
        usage=usage_from(usage),
        cost_usd=number("cost_usd"),
        latency_s=number("latency_s"),
        ttft_s=number("ttft_s"),
        finish_reason=_text_or_none(row.get("finish_reason")),
        resolved_model=_text_or_none(row.get("model")),
        error=kind,
        error_message=message,
        tool_calls=beside.tool_calls,
        logprobs=beside.logprobs,
    )


def _beside(row: dict[str, Any], path: Path, line: int) -> Beside:
    """Read the tools that were called, and log probabilities: a list, or OpenAI's mapping around it."""
    calls, logprobs = row.get("tool_calls"), row.get("logprobs")
    if isinstance(logprobs, dict):
        logprobs = logprobs.get("content")
    for name, value in (("tool_calls", calls), ("logprobs", logprobs)):
        if value is not None and not (isinstance(value, list) and all(isinstance(e, dict) for e in value)):
            raise DatasetError(f"{name} must be a list of mappings", file=path, line=line, field=name)
    beside = Beside()
    beside.take({"tool_calls": calls}, {"content": logprobs})
    return beside


def _error(error: Any) -> tuple[Any, str | None]:
    if not error:
        return None, None
    if isinstance(error, dict):
        kind = error.get("kind")
        message = str(error.get("message") or "The recorded call failed")
        return (kind if kind in ERROR_KINDS else "provider"), message
    return "provider", error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
