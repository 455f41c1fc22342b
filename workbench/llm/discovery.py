"""Local servers, found on their usual ports and told apart by what they answer. Nothing secret is sent."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from workbench.llm.abilities import told_abilities
from workbench.llm.providers import LOCAL_BASES

_MAX_BYTES = 2_000_000
_MAX_MODELS = 500
_MAX_DESCRIBED = 30

#: What one server answered: path → parsed JSON and lower-case headers, for those paths that answered 200.
Answers = dict[str, tuple[Any, dict[str, str]]]


@dataclass(frozen=True)
class LocalModel:
    """A model that a local server offers. ``id`` is how a suite names it, together with ``api_base``."""

    id: str
    api_base: str
    context_window: int | None = None
    abilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocalServer:
    """A kind of server: its usual port, and how its answers give it away."""

    title: str
    port: int
    recognise: Callable[[Answers], bool]
    models: Callable[[Answers, str], list[LocalModel]]


@dataclass(frozen=True)
class FoundServer:
    """A server that answered."""

    title: str
    base: str
    models: tuple[LocalModel, ...]


def find_local_servers(env: Mapping[str, str], *, within_s: float = 1.0) -> list[FoundServer]:
    """Return the servers that answer on this machine's usual ports, or where the environment says.

    Args:
        env: Read for addresses such as OLLAMA_API_BASE. Keys in it are not used.
        within_s: Seconds after which a silent server counts as absent.
    """
    deadline = time.monotonic() + within_s
    probes = [_Probe(root, path, deadline) for root in _roots(env) for path in _PATHS]
    _ask_all(probes, deadline)
    answered: dict[str, Answers] = {}
    for probe in probes:
        if probe.answer is not None:
            answered.setdefault(probe.root, {})[probe.path] = probe.answer
    servers = [found for root, answers in answered.items() if (found := _identify(root, answers)) is not None]
    return _described(servers, deadline)


def _ask_all(probes: list[_Probe], deadline: float) -> None:
    """Ask all at once, and end those that have not answered by the deadline."""
    if not probes:
        return
    with ThreadPoolExecutor(max_workers=len(probes)) as pool:
        wait([pool.submit(probe.run) for probe in probes], timeout=max(0.0, deadline - time.monotonic()))
        for probe in probes:
            probe.stop()


def _described(servers: list[FoundServer], deadline: float) -> list[FoundServer]:
    """Ask Ollama what each model can do and reads at once: its list does not say so."""
    probes = {
        (server.base, model.id): _Probe(
            server.base, "/api/show", deadline, {"model": model.id.removeprefix("ollama/")}
        )
        for server in servers
        if server.title == "Ollama"
        for model in server.models[:_MAX_DESCRIBED]
    }
    _ask_all(list(probes.values()), deadline)
    result = []
    for server in servers:
        models = []
        for model in server.models:
            probe = probes.get((server.base, model.id))
            shown = probe.answer[0] if probe is not None and probe.answer is not None else None
            models.append(_shown(model, shown) if isinstance(shown, dict) else model)
        result.append(replace(server, models=tuple(models)))
    return result


def _shown(model: LocalModel, shown: dict[str, Any]) -> LocalModel:
    info = shown.get("model_info")
    windows = [v for k, v in info.items() if k.endswith(".context_length")] if isinstance(info, dict) else []
    window = windows[0] if windows and type(windows[0]) is int and windows[0] > 0 else None
    return replace(model, context_window=window, abilities=told_abilities(shown.get("capabilities")))


def _roots(env: Mapping[str, str]) -> list[str]:
    """Return scheme, host and port of every place to look at, each once."""
    roots = dict.fromkeys(f"http://127.0.0.1:{server.port}" for server in LOCAL_SERVERS)
    for variable, _ in LOCAL_BASES.values():
        parts = urlsplit(env.get(variable, ""))
        if parts.scheme == "http" and parts.hostname:
            host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
            roots[f"http://{host}:{parts.port or 80}"] = None
    return list(roots)


def _identify(root: str, answers: Answers) -> FoundServer | None:
    for server in LOCAL_SERVERS:
        if answers and server.recognise(answers):
            return FoundServer(server.title, root, tuple(server.models(answers, root)[:_MAX_MODELS]))
    return None


class _Probe:
    """One question to one address, which ends when it is told to, however slowly the other side drips."""

    def __init__(self, root: str, path: str, deadline: float, body: dict[str, Any] | None = None) -> None:
        self.root, self.path, self._deadline, self._body = root, path, deadline, body
        self.answer: tuple[Any, dict[str, str]] | None = None
        parts = urlsplit(root)
        left = max(0.05, deadline - time.monotonic())
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=left)

    def run(self) -> None:
        """Ask. No answer, none in time, no JSON, or too much of it: all leave ``answer`` None."""
        try:
            if self._body is None:
                self._connection.request("GET", self.path, headers={"Accept": "application/json"})
            else:
                headers = {"Accept": "application/json", "Content-Type": "application/json"}
                self._connection.request("POST", self.path, json.dumps(self._body), headers)
            response = self._connection.getresponse()
            if response.status != 200:
                return
            body = b""
            while piece := response.read1(65536):
                body += piece
                if len(body) > _MAX_BYTES or time.monotonic() > self._deadline:
                    return
            headers = {name.lower(): value for name, value in response.getheaders()}
            self.answer = json.loads(body), headers
        except (OSError, http.client.HTTPException, ValueError, RecursionError):
            return
        finally:
            self._connection.close()

    def stop(self) -> None:
        """End it, if it still waits."""
        sock = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _listed(answers: Answers, path: str, key: str) -> list[dict[str, Any]]:
    """Return the rows that a path listed under a key."""
    data = answers.get(path, ({}, {}))[0]
    rows = data.get(key) if isinstance(data, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _owned_by(answers: Answers, *owners: str) -> bool:
    rows = _listed(answers, "/v1/models", "data")
    return any(str(row.get("owned_by", "")).lower() in owners for row in rows)


def _server_header(answers: Answers, word: str) -> bool:
    return any(word in headers.get("server", "").lower() for _, headers in answers.values())


def _openai_models(prefix: str, path: str = "/v1/models") -> Callable[[Answers, str], list[LocalModel]]:
    def models(answers: Answers, root: str) -> list[LocalModel]:
        base = root + path.removesuffix("/models")
        rows = _listed(answers, path, "data")
        named = [(row, row["id"]) for row in rows if isinstance(row.get("id"), str) and row["id"]]
        return [LocalModel(f"{prefix}/{name}", base, _window(row)) for row, name in named]

    return models


def _window(row: dict[str, Any]) -> int | None:
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    for value in (row.get("max_model_len"), row.get("max_context_length"), meta.get("n_ctx_train")):
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _ollama_models(answers: Answers, root: str) -> list[LocalModel]:
    names = [row.get("name") for row in _listed(answers, "/api/tags", "models")]
    return [LocalModel(f"ollama/{name}", root) for name in names if isinstance(name, str) and name]


def _lm_studio_models(answers: Answers, root: str) -> list[LocalModel]:
    rows = _listed(answers, "/api/v0/models", "data")
    spoken = [row for row in rows if row.get("type") in ("llm", "vlm") and isinstance(row.get("id"), str)]
    return [
        LocalModel(
            f"lm_studio/{row['id']}",
            f"{root}/v1",
            _window(row),
            told_abilities([*_list(row.get("capabilities")), *(["vision"] if row["type"] == "vlm" else [])]),
        )
        for row in spoken
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _tgi_models(answers: Answers, root: str) -> list[LocalModel]:
    info = answers["/info"][0]
    window = info.get("max_total_tokens")
    return [
        LocalModel(f"openai/{info['model_id']}", f"{root}/v1", window if isinstance(window, int) else None)
    ]


def _is_tgi(answers: Answers) -> bool:
    info = answers.get("/info", (None, {}))[0]
    return isinstance(info, dict) and isinstance(info.get("model_id"), str)


def _is_triton(answers: Answers) -> bool:
    """Its OpenAI front says who owns the models; its own protocol, where no chat is spoken, who it is."""
    data = answers.get("/v2", (None, {}))[0]
    own = isinstance(data, dict) and data.get("name") == "triton"
    return own or _owned_by(answers, "triton inference server")


#: The servers we know, the tell-tale ones first; any other that lists models the OpenAI way is the last.
LOCAL_SERVERS: tuple[LocalServer, ...] = (
    LocalServer("Ollama", 11434, lambda a: isinstance(a.get("/api/tags", (None,))[0], dict), _ollama_models),
    LocalServer("LM Studio", 1234, lambda a: "/api/v0/models" in a, _lm_studio_models),
    LocalServer("vLLM", 8000, lambda a: _owned_by(a, "vllm"), _openai_models("hosted_vllm")),
    LocalServer("llamafile", 8080, lambda a: _server_header(a, "llamafile"), _openai_models("llamafile")),
    LocalServer(
        "llama.cpp",
        8080,
        lambda a: _owned_by(a, "llamacpp", "llama.cpp") or _server_header(a, "llama.cpp"),
        _openai_models("openai"),
    ),
    LocalServer("Text Generation Inference", 8080, _is_tgi, _tgi_models),
    LocalServer("Triton", 9000, _is_triton, _openai_models("openai")),
    LocalServer(
        "Docker Model Runner",
        12434,
        lambda a: "/engines/v1/models" in a,
        _openai_models("docker_model_runner", "/engines/v1/models"),
    ),
    LocalServer(
        "a server that speaks the OpenAI protocol",
        8000,
        lambda a: bool(_listed(a, "/v1/models", "data")),
        _openai_models("openai"),
    ),
)
_PATHS = ("/api/tags", "/api/v0/models", "/v1/models", "/info", "/v2", "/engines/v1/models")
