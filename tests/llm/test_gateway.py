"""Calls to a real server, by the short way and through LiteLLM: what comes back, what is asked again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest
from support.asking import SWIFT, ask, request, stream
from support.openai_server import (
    OpenAIServer,
    Reply,
    broken_stream,
    failure,
    filtered,
    hang,
    malformed,
    rate_limited,
    too_long,
    unauthorised,
)

from workbench.llm.gateway import Gateway
from workbench.llm.limits import Pace
from workbench.llm.retry import RetryPolicy
from workbench.llm.types import Completion, ModelSpec, Request, Usage

CACHED_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 80},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


@pytest.fixture(scope="module")
def shared():
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def server(shared, way):
    shared.reset()
    return shared


def model(server: OpenAIServer, name: str = "openai/test-model", **params) -> ModelSpec:
    return ModelSpec(name, params=params, api_base=server.base_url)


def test_an_answer_carries_text_tokens_latency_reason_and_the_real_model_name(server):
    server.script(Reply(delay_s=0.05))
    [answer] = ask(request(model(server)))
    assert answer.text == "You said: hello there my friend"
    assert answer.usage == Usage(input=4, output=6)
    assert 0.04 < answer.latency_s < 5
    assert (answer.finish_reason, answer.resolved_model) == ("stop", "test-model-2026-01-01")
    assert answer.ok and answer.cost_usd is None


@pytest.mark.parametrize("streaming", [False, True])
def test_cached_tokens_are_not_counted_as_input_again(server, streaming):
    server.script(Reply(usage=CACHED_USAGE))
    [answer] = ask(request(model(server, "openai/gpt-4o-mini", stream=streaming)))
    assert answer.error_message is None
    assert answer.usage == Usage(input=20, cache_read=80, output=20, reasoning=5)
    assert answer.cost_usd == pytest.approx((20 * 0.15 + 80 * 0.075 + 20 * 0.6) / 1e6)


@pytest.mark.parametrize("streaming", [False, True])
def test_counts_that_the_server_did_not_give_are_marked_as_our_estimate_and_cost_nothing_known(
    server, streaming
):
    server.script(Reply(usage=False))
    [answer] = ask(request(model(server, "openai/gpt-4o-mini", stream=streaming)))
    assert answer.usage.estimated and answer.usage.input > 0 and answer.usage.output > 0
    assert answer.cost_usd is None


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (unauthorised(), "auth", "refuses the key"),
        (Reply(status=403, error={"message": "Country not supported"}), "auth", "Country not supported"),
        (Reply(status=400, error={"message": "Unsupported value"}), "bad_request", "Unsupported value"),
        (Reply(status=404, error={"message": "no such model"}), "not_found", "workbench models"),
        (Reply(status=429, error={"message": "You exceeded your current quota"}), "auth", "credit"),
        (too_long(), "context_length", "larger context window"),
        (filtered(), "content_filter", "refuses to answer"),
        (Reply(finish_reason="content_filter"), "content_filter", "content filter"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_what_will_not_get_better_is_asked_once_and_says_what_to_do(server, reply, kind, says, streaming):
    server.script(reply)
    [answer] = ask(request(model(server, stream=streaming)))
    assert answer.error == kind and says in answer.error_message
    assert server.received == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (rate_limited(), "rate_limit"),
        (failure(529), "rate_limit"),
        (failure(500), "provider"),
        (failure(503), "provider"),
        (malformed(), "provider"),
        (Reply(raw=b"{}"), "provider"),
        (Reply(raw=b'{"id": "1", "object": "chat.completion", "choices": []}'), "provider"),
        (broken_stream(), "connection"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_what_may_pass_is_asked_again_until_it_does_and_no_longer_than_allowed(
    server, reply, kind, streaming
):
    server.script(reply, reply)
    [answer] = ask(request(model(server, stream=streaming)))
    assert answer.ok and answer.text.startswith("You said")
    assert (server.received, server.answered_whole) == (3, 1)

    server.script(*[reply] * 9)
    [answer] = ask(request(model(server, stream=streaming)), retry=RetryPolicy(2, 0.01, 0.01))
    assert answer.error == kind
    assert server.received == 3 + 3


def test_retry_after_is_honoured_and_kept_out_of_the_latency(server):
    server.script(rate_limited(retry_after=0.3))
    begun = time.perf_counter()
    [answer] = ask(request(model(server)))
    assert time.perf_counter() - begun >= 0.3
    assert answer.ok and answer.latency_s < 0.3


def test_a_server_that_wants_an_hour_is_not_waited_for(server):
    server.script(rate_limited(retry_after=3600))
    [answer] = ask(request(model(server)))
    assert answer.error == "rate_limit" and server.received == 1


@pytest.mark.parametrize("streaming", [False, True])
def test_a_hang_ends_at_the_timeout_and_is_tried_once_more_only(server, streaming):
    server.script(hang(), hang(), hang())
    [answer] = ask(request(model(server, stream=streaming)), timeout_s=0.3)
    assert answer.error == "timeout" and "0.3 s" in answer.error_message
    assert server.received == 2


def test_a_stream_that_drips_without_end_is_ended_at_the_timeout_and_keeps_its_text(server):
    server.script(Reply(text="a b c d e f g h i j k l m n o p", chunk_delay_s=0.2))
    *pieces, last = stream(request(model(server)), timeout_s=0.7)
    assert last.error == "timeout" and 0 < len(pieces) < 16
    assert last.text == "".join(pieces)


def test_nothing_listening_is_a_connection_error_that_names_the_address():
    with OpenAIServer() as gone:
        spec = model(gone)
    [answer] = ask(request(spec))
    assert answer.error == "connection" and spec.api_base in answer.error_message


def test_a_stream_gives_its_pieces_first_and_the_whole_completion_last(server):
    server.script(Reply(delay_s=0.1, chunk_delay_s=0.02))
    *pieces, last = stream(request(model(server)))
    assert pieces == ["You", " said:", " hello", " there", " my", " friend"]
    assert isinstance(last, Completion) and last.ok and last.text == "".join(pieces)
    assert 0.09 < last.ttft_s < last.latency_s
    assert last.usage == Usage(input=4, output=6)
    assert last.resolved_model == "test-model-2026-01-01"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (broken_stream(3), "connection"),
        (Reply(stream_error={"message": "overloaded", "code": 500}), "provider"),
        (Reply(finish_reason=None, usage=False), "connection"),
    ],
)
def test_a_broken_stream_keeps_its_text_says_so_and_is_not_shown_twice(server, reply, kind):
    server.script(reply)
    *pieces, last = stream(request(model(server)))
    assert pieces and last.text == "".join(pieces)
    assert last.error == kind and last.latency_s is None
    assert server.received == 1


def test_a_stream_that_fails_before_its_first_word_is_asked_again(server):
    server.script(failure(), rate_limited(0.01))
    *pieces, last = stream(request(model(server)))
    assert last.ok and "".join(pieces) == last.text and server.received == 3


def test_fifty_calls_are_in_flight_at_once_and_each_is_made_once():
    with OpenAIServer(delay_s=0.5) as server:
        questions = [request(model(server), f"question {n}") for n in range(50)]
        answers = ask(*questions, pace=Pace(start=50))
        assert {answer.text for answer in answers} == {f"You said: question {n}" for n in range(50)}
        assert server.most_in_flight > 25
        assert set(server.received_by_body.values()) == {1} and server.received == 50


def test_parameters_arrive_the_models_over_the_prompts_in_either_spelling(server):
    spec = model(server, temperature=0.5, maxTokens=7, extra={"top_k": 3, "house_rule": "yes"})
    asked = request(spec, params={"temperature": 0.1, "topP": 0.9, "seed": None})
    [answer] = ask(asked)
    body = server.calls[-1].body
    assert answer.ok
    assert {k: v for k, v in body.items() if k not in ("messages", "model")} == {
        "temperature": 0.5,
        "max_tokens": 7,
        "top_p": 0.9,
        "top_k": 3,
        "house_rule": "yes",
    }


@pytest.mark.parametrize(
    "params",
    [
        {"api_key": "x"},
        {"api_base": "http://elsewhere"},
        {"extra": {"base_url": "http://elsewhere"}},
        {"mock_response": "free answer"},
        {"aws_secret_access_key": "x"},
        {"fallbacks": ["openai/other"]},
        {"input_cost_per_token": 0},
        {"n": 3},
        {"drop_params": True},
    ],
)
def test_a_parameter_that_steers_the_client_instead_of_the_model_is_refused_not_dropped(server, params):
    [answer] = ask(request(model(server, **params)))
    assert answer.error == "bad_request" and server.received == 0


def test_a_parameter_that_the_provider_does_not_have_is_an_error_not_dropped(server):
    [answer] = ask(request(model(server, "ollama_chat/llama", logit_bias={"1": 2})))
    assert answer.error == "bad_request" and "logit_bias" in answer.error_message
    assert server.received == 0


class Kept(dict):
    def put(self, key, model, completion):
        self[key] = completion


def test_an_answer_in_the_cache_is_not_bought_again_and_keeps_its_first_figures(server):
    kept = Kept()
    asked = request(model(server, "openai/gpt-4o-mini"))
    [first] = ask(asked, cache=kept)
    [again] = ask(asked, cache=kept)
    [second_sample] = ask(
        Request(asked.model, asked.messages, repeat=1),
        cache=kept,
    )
    assert again.cached and not first.cached and not second_sample.cached
    assert (again.cost_usd, again.latency_s) == (first.cost_usd, first.latency_s)
    assert server.received == 2
    *pieces, last = stream(asked, cache=kept)
    assert "".join(pieces) == first.text and last.cached and server.received == 2


def test_an_error_is_never_kept_in_the_cache(server):
    kept = Kept()
    server.script(unauthorised(), broken_stream(2))
    ask(request(model(server)), cache=kept)
    stream(request(model(server)), cache=kept)
    assert kept == {}


def test_recorded_and_offline_models_never_touch_the_cache(tmp_path):
    kept = Kept()
    recorded = ModelSpec("recorded/x", outputs="missing.jsonl")
    offline = ModelSpec("offline/rules")
    missing, ruled = ask(request(recorded, case_id="1"), request(offline), cache=kept, root=tmp_path)
    assert missing.error == "missing_recording"
    assert ruled.ok and ruled.cost_usd == 0 and ruled.latency_s is not None
    assert kept == {}


def test_cancelling_a_call_stops_it_and_leaves_the_gateway_usable(server):
    async def main() -> Completion:
        gateway = Gateway(env={}, retry=SWIFT)
        await gateway.complete(request(model(server), "warm"))
        server.script(hang())
        task = asyncio.create_task(gateway.complete(request(model(server))))
        while server.received < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        try:
            return await gateway.complete(request(model(server), "again"))
        finally:
            await gateway.aclose()

    assert asyncio.run(main()).text == "You said: again"


EXITING = """
import asyncio, sys, time
from workbench.llm.gateway import Gateway
from workbench.llm.types import ModelSpec, Request

async def main():
    gateway = Gateway(env={}, timeout_s=60)
    def asked(text):
        return Request(ModelSpec("openai/m", api_base=sys.argv[1]), ({"role": "user", "content": text},))
    print((await gateway.complete(asked("one"))).text)
    hanging = asyncio.create_task(gateway.complete(asked("hang")))
    await asyncio.sleep(0.3)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    await gateway.aclose()

asyncio.run(main())
print(time.time(), flush=True)
"""


def test_a_process_that_called_models_ends_at_once_and_quietly():
    def answer(body):
        return hang() if body["messages"][-1]["content"] == "hang" else "done"

    with OpenAIServer(answer) as server:
        process = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "ignore", "-c", EXITING, server.base_url],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    ended = time.time()
    text, finished = process.stdout.split()
    assert (process.returncode, text) == (0, "done"), process.stderr
    assert ended - float(finished) < 30  # a busy machine is slow to end; whoever waits for the call takes 60
    assert "nclosed" not in process.stderr and "Traceback" not in process.stderr


def test_importing_the_gateway_loads_neither_litellm_nor_a_http_client():
    code = (
        "import sys, workbench.llm.gateway, workbench.llm.catalogue, workbench.llm.loop; "
        "print([name for name in ('litellm', 'openai', 'aiohttp', 'httpx') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
