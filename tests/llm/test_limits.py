"""How fast a model is asked: what climbs, what backs off, what waits, and what is given up."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asking import SWIFT, ask, request
from support.openai_server import OpenAIServer, Reply, hang, rate_limited

from workbench.errors import CompletionError
from workbench.llm.gateway import Gateway
from workbench.llm.limits import Bucket, Lane, Pace, Unasked, spent_until
from workbench.llm.types import Completion, ModelSpec, Usage

MODEL = ModelSpec("openai/m")
OK = Completion("yes", usage=Usage(input=10, output=10))


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refusal(retry_after_s: float | None = None) -> CompletionError:
    return CompletionError("slow down", kind="rate_limit", retry_after_s=retry_after_s)


def play(lane: Lane, *results: Completion | CompletionError, at_once: int = 1) -> None:
    """Let calls enter, ``at_once`` at a time, and end as given."""

    async def one(result, gate: asyncio.Event) -> None:
        try:
            async with lane.turn(request(MODEL)) as ended:
                await gate.wait()
                if isinstance(result, CompletionError):
                    raise result
                ended.append(result)
        except CompletionError as problem:
            if problem is not result:
                raise

    async def main() -> None:
        for start in range(0, len(results), at_once):
            gate = asyncio.Event()
            tasks = [asyncio.create_task(one(result, gate)) for result in results[start : start + at_once]]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(*tasks)

    asyncio.run(main())


def test_the_limit_doubles_while_all_is_well_and_falls_once_for_a_burst_of_refusals():
    now = Clock()
    lane = Lane("m", Pace(start=10), now)
    play(lane, *[OK] * 10, at_once=10)
    assert lane.limit == 20
    play(lane, *[OK] * 20, at_once=20)
    assert lane.limit == 40
    play(lane, *[refusal()] * 5, *[OK] * 15, at_once=20)
    assert lane.limit == 16, "0.8 of the 20 that were under way, once"
    now.now += 16
    play(lane, refusal(), *[OK] * 11, at_once=12)
    assert lane.limit == 12
    play(lane, *[OK] * 24, at_once=12)
    assert 13 <= lane.limit <= 15, "after a refusal it climbs slowly"


def test_a_limit_that_nobody_reaches_does_not_climb_and_failures_only_hold_it():
    lane = Lane("m", Pace(start=10), Clock())
    play(lane, *[OK] * 100, at_once=2)
    assert lane.limit == 10
    broken = CompletionError("oh", kind="provider")
    play(lane, *[broken] * 100, at_once=10)
    assert lane.limit == 10


@given(st.integers(1, 2000), st.lists(st.floats(0, 20), max_size=300))
def test_no_minute_ever_sees_more_than_its_allowance(per_minute, gaps):
    now, taken = 0.0, []
    bucket = Bucket(per_minute, now)
    for gap in gaps:
        now += gap
        now += bucket.delay(1, now)
        bucket.take(1, now)
        taken.append(now)
    for first, moment in enumerate(taken):
        assert sum(moment <= other < moment + 59.999 for other in taken[first:]) <= per_minute


def test_a_full_allowance_is_used_and_not_wasted():
    now, taken = 0.0, 0
    bucket = Bucket(600, now)
    while now < 600:
        now += bucket.delay(1, now)
        bucket.take(1, now)
        taken += 1
    assert 5600 <= taken <= 6030


def test_more_tokens_than_the_allowance_of_a_moment_go_and_are_waited_for_afterwards():
    bucket = Bucket(60_000, 0.0)
    assert bucket.delay(50_000, 0.0) == 0.0
    bucket.take(50_000, 0.0)
    assert 45 < bucket.delay(1000, 0.0) < 55


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"}, 62.5),
        ({"X-RateLimit-Remaining-Tokens": "0", "X-RateLimit-Reset-Tokens": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "1m"}, 0.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "3"}, 3.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, 0.0),
    ],
)
def test_what_the_server_says_about_its_limits_is_understood(headers, seconds):
    assert spent_until(headers) == pytest.approx(seconds)


def test_a_moment_in_iso_form_is_understood_as_anthropic_gives_it():
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30))
    headers = {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": at}
    assert 28 < spent_until(headers) <= 31


def test_two_refusals_in_a_row_hold_every_call_of_that_model_and_none_of_another():
    with OpenAIServer() as first, OpenAIServer() as second:
        one, two = (ModelSpec("openai/m", api_base=server.base_url) for server in (first, second))
        ended: dict[str, float] = {}

        async def main() -> None:
            gateway = Gateway(env={}, retry=SWIFT)

            async def timed(name: str, model: ModelSpec) -> None:
                assert (await gateway.complete(request(model, name))).ok
                ended[name] = time.monotonic() - begun

            await gateway.complete(request(two, "warm"))
            begun = time.monotonic()
            first.script(*[rate_limited(retry_after=1.0)] * 2)
            refused = [asyncio.create_task(timed(f"refused {n}", one)) for n in range(2)]
            while first.received < 2:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            await asyncio.gather(timed("later", one), timed("other", two))
            await asyncio.gather(*refused)
            await gateway.aclose()

        asyncio.run(main())
    assert ended["other"] < 0.9 <= ended["later"]
    assert first.received == 2 + 3


def test_an_allowance_said_to_be_used_up_is_not_tried():
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "700ms"}

    async def main() -> None:
        gateway = Gateway(env={}, retry=SWIFT)
        for number in range(2):
            await gateway.complete(request(model, str(number)))
        await gateway.aclose()

    with OpenAIServer() as server:
        model = ModelSpec("openai/m", api_base=server.base_url)
        server.script(Reply(headers=headers))
        asyncio.run(main())
        assert server.calls[1].at - server.calls[0].at >= 0.7


def test_a_models_own_limit_holds_however_many_ask():
    with OpenAIServer(delay_s=0.05) as server:
        model = ModelSpec("openai/m", api_base=server.base_url, max_concurrency=2)
        answers = ask(*(request(model, f"question {n}") for n in range(12)))
        assert all(answer.ok for answer in answers)
        assert server.most_in_flight == 2


def test_a_requests_a_minute_limit_spreads_the_calls():
    with OpenAIServer() as server:
        model = ModelSpec("openai/m", api_base=server.base_url, requests_per_minute=300)
        ask(*(request(model, f"question {n}") for n in range(20)))
        at = [call.at for call in server.calls]
        assert at[-1] - at[14] >= 0.9, "fifteen at once, then five a second"


def test_identical_calls_at_the_same_time_are_made_once_and_paid_once():
    with OpenAIServer(delay_s=0.3) as server:
        model = ModelSpec("openai/gpt-4o-mini", api_base=server.base_url)
        same = [request(model, "same", repeat=repeat) for repeat in (0, 0, 0, 1)]
        answers = ask(*same)
        assert server.received == 2
        assert [answer.cached for answer in answers] == [False, True, True, False]
        assert len({answer.text for answer in answers}) == 1


def test_where_the_asking_one_is_cancelled_a_waiting_one_asks():
    async def main() -> Completion:
        gateway = Gateway(env={}, retry=SWIFT)
        server.script(hang())
        first = asyncio.create_task(gateway.complete(request(model)))
        while server.received < 1:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(gateway.complete(request(model)))
        await asyncio.sleep(0.01)
        first.cancel()
        try:
            return await second
        finally:
            await gateway.aclose()

    with OpenAIServer() as server:
        model = ModelSpec("openai/m", api_base=server.base_url)
        answer = asyncio.run(main())
        assert answer.ok and not answer.cached and server.received == 2


def test_a_first_token_that_does_not_come_ends_the_attempt_long_before_the_whole_timeout():
    with OpenAIServer() as server:
        model = ModelSpec("openai/m", api_base=server.base_url, timeout_s=60, first_token_timeout_s=0.3)
        ask(request(model, "warm"))
        server.script(hang(), Reply(text="a b c d e f", chunk_delay_s=0.1))
        begun = time.monotonic()
        [answer] = ask(request(model))
        assert answer.ok and answer.text == "a b c d e f", "only the first token has so little time"
        assert time.monotonic() - begun < 10
        server.script(*[hang()] * 3)
        [answer] = ask(request(model))
        assert answer.error == "timeout" and "first_token_timeout_s" in answer.error_message


def test_a_models_own_timeout_stands_in_place_of_the_general_one():
    with OpenAIServer() as server:
        model = ModelSpec("openai/m", api_base=server.base_url, timeout_s=0.3)
        server.script(*[hang()] * 3)
        [answer] = ask(request(model), timeout_s=60)
        assert answer.error == "timeout" and "0.3 s" in answer.error_message
        server.script(Reply(delay_s=0.6))
        [answer] = ask(request(ModelSpec("openai/m", api_base=server.base_url, timeout_s=20)), timeout_s=0.3)
        assert answer.ok


def test_an_empty_answer_without_a_token_is_asked_again_and_one_of_the_models_own_is_not():
    with OpenAIServer() as server:
        model = ModelSpec("openai/m", api_base=server.base_url)
        nothing = {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}
        server.script(Reply(text="", usage=nothing), Reply(text="", usage=False))
        [answer] = ask(request(model))
        assert answer.ok and answer.text and server.received == 3
        server.script(Reply(text="", usage={**nothing, "completion_tokens": 1}))
        [answer] = ask(request(model))
        assert answer.ok and answer.text == "" and server.received == 4


def test_a_server_that_has_gone_is_given_up_soon_and_looked_for_now_and_then():
    pace = Pace(silent_calls=3, give_up_s=0.2, probe_every_s=0.5)

    async def main() -> tuple[list[Completion], Completion]:
        gateway = Gateway(env={}, retry=SWIFT, timeout_s=0.2, pace=pace)
        gone = [gateway.complete(request(model, f"question {n}")) for n in range(40)]
        ended = list(await asyncio.gather(*gone))
        server.answer = lambda body: "back"
        await asyncio.sleep(0.5)
        back = await gateway.complete(request(model, "again"))
        await gateway.aclose()
        return ended, back

    with OpenAIServer(lambda body: hang()) as server:
        model = ModelSpec("openai/m", api_base=server.base_url)
        ended, back = asyncio.run(main())
        assert {answer.error for answer in ended} == {"timeout"}
        unasked = [answer for answer in ended if "was not made" in (answer.error_message or "")]
        assert len(unasked) >= 10 and server.received < 2 * 40
        assert back.text == "back"


def test_a_lane_that_was_told_to_wait_an_hour_says_so_to_all_who_come():
    lane = Lane("openai/m", Pace(), Clock())
    play(lane, refusal(3600.0))
    with pytest.raises(Unasked, match="no more calls for 60 minutes"):
        play(lane, OK)
