"""Whose key goes where: to the provider that it was set for, to the one that a model names, and nowhere else."""

from __future__ import annotations

import pytest
from support.asking import ask, request
from support.loopback import JsonHandler, served
from support.openai_server import OpenAIServer, unauthorised

from workbench.llm.providers import LOCAL_BASES, MAY_TAKE_A_BASE, PROVIDERS, route
from workbench.llm.redact import scrub
from workbench.llm.retry import RetryPolicy
from workbench.llm.types import ModelSpec

pytestmark = pytest.mark.usefixtures("way")
ONCE = RetryPolicy(max_retries=0)
OTHER_SECRETS = (
    "OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT_ID", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_BEARER_TOKEN_BEDROCK", "AZURE_AD_TOKEN", "OLLAMA_API_KEY", "LM_STUDIO_API_KEY", "HOSTED_VLLM_API_KEY",
    "LLAMAFILE_API_KEY", "FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "TRITON_API_KEY", "LITELLM_API_KEY",
    "DOCKER_MODEL_RUNNER_API_KEY", "CUSTOM_OPENAI_API_KEY", "OPENAI_LIKE_API_KEY",
)  # fmt: skip


@pytest.fixture
def planted(monkeypatch):
    """Set a secret of its own in every variable that an adapter might read, and return them all."""
    names = {name for provider in PROVIDERS.values() for name in provider.key_envs} | set(OTHER_SECRETS)
    secrets = {name: f"planted-{number}-{name.lower()}" for number, name in enumerate(sorted(names))}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    return secrets


@pytest.fixture
def listener():
    """A server that refuses every request and keeps all of it: address, headers and body."""
    heard: list[str] = []

    class Handler(JsonHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            heard.append(f"{self.path}\n{self.headers}\n{body}")
            self.send_response(400)
            self.end_headers()
            self.wfile.write(b'{"error": {"message": "no", "type": "x"}}')

        do_GET = do_POST

    with served(Handler) as root:
        yield f"{root}/v1", heard


@pytest.mark.parametrize("provider", sorted(MAY_TAKE_A_BASE))
def test_an_address_that_a_suite_names_never_sees_a_key_that_it_was_not_given(provider, planted, listener):
    address, heard = listener
    spec = ModelSpec(f"{provider}/some-model", api_base=f"{address}/generate")  # Triton's must end like this
    [answer] = ask(request(spec), env=planted, retry=ONCE)
    assert heard, f"the request must arrive, or this shows nothing: {answer.error_message}"
    assert not [name for name, secret in planted.items() if secret in "".join(heard)]


@pytest.mark.parametrize("provider", ["bedrock", "vertex_ai", "sagemaker", "watsonx", "snowflake"])
def test_a_provider_whose_credentials_could_leak_to_an_address_cannot_be_given_one(provider):
    [answer] = ask(request(ModelSpec(f"{provider}/m", api_base="http://127.0.0.1:9/v1")))
    assert answer.error == "bad_request" and "api_base" in answer.error_message


def test_the_key_that_the_model_names_is_the_one_that_is_sent(planted, listener):
    address, heard = listener
    env = planted | {"TEAM_SERVER_KEY": "the-teams-own-key"}
    named = ModelSpec("openai/m", api_base=address, api_key_env="TEAM_SERVER_KEY")
    ask(request(named), env=env, retry=ONCE)
    assert "Bearer the-teams-own-key" in heard[0]
    assert not [name for name, secret in planted.items() if secret in heard[0]]


def test_a_configured_key_goes_to_its_own_provider_wherever_the_environment_says_that_is(planted):
    with OpenAIServer() as server:
        env = planted | {"OPENAI_BASE_URL": server.base_url}
        answers = ask(
            request(ModelSpec("openai/m")),
            request(ModelSpec("openai/m", api_base=server.base_url + "/")),
            env=env,
        )
    assert all(answer.ok for answer in answers)
    assert {call.headers["Authorization"] for call in server.calls} == {f"Bearer {planted['OPENAI_API_KEY']}"}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (ModelSpec("anthropic/claude-sonnet-4-5"), "ANTHROPIC_API_KEY is not set"),
        (ModelSpec("gpt-4o-mini"), "OPENAI_API_KEY is not set"),
        (ModelSpec("openai/m", api_base="http://127.0.0.1:9", api_key_env="TEAM_KEY"), "TEAM_KEY"),
        (ModelSpec("openai/m", api_base="file:///etc/passwd"), "http address"),
        (ModelSpec("llama-of-mine"), "does not name its provider"),
        (ModelSpec("offline/other"), "offline/rules"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_sent(spec, says):
    [answer] = ask(request(spec), env={"TEAM_KEY": "  "})
    assert answer.error in ("auth", "bad_request", "not_found") and says in answer.error_message


def test_local_providers_are_asked_where_they_listen_without_any_key():
    for provider, (variable, default) in LOCAL_BASES.items():
        usual = route(ModelSpec(f"{provider}/m"), {"OPENAI_API_KEY": "secret"})
        moved = route(ModelSpec(f"{provider}/m"), {variable: "http://10.0.0.7:1234/v1"})
        assert (usual.api_base, moved.api_base) == (default, "http://10.0.0.7:1234/v1")
        assert usual.api_key == "no-key" and "secret" not in repr(usual)


@pytest.mark.parametrize("shown", ["sk-live-0123456789abcdef", "s3cret/of+the-team"])
def test_a_key_that_a_provider_quotes_is_hidden_in_the_error(shown):
    with OpenAIServer() as server:
        server.script(unauthorised(shown))
        spec = ModelSpec("openai/m", api_base=server.base_url, api_key_env="TEAM_KEY")
        [answer] = ask(request(spec), env={"TEAM_KEY": shown})
    assert answer.error == "auth" and shown not in answer.error_message and "[hidden]" in answer.error_message


@pytest.mark.parametrize(
    "text",
    [
        "GET https://user:hunter2hunter2@example.com/v1",
        "Authorization: Bearer hunter2hunter2",
        "https://example.com/v1?key=hunter2hunter2&x=1",
        "AIzahunter2hunter2hunter2",
        "sk-proj-hunter2hunter2",
    ],
)
def test_what_looks_like_a_secret_is_hidden_even_where_nobody_told_us_of_it(text):
    assert "hunter2" not in scrub(text)


def test_an_environment_file_in_the_folder_is_not_read(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-a-file\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    [answer] = ask(request(ModelSpec("openai/gpt-4o-mini")))
    assert answer.error == "auth" and "OPENAI_API_KEY" in answer.error_message
