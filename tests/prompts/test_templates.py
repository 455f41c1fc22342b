"""Rendering: what reaches the model, and what a hostile template cannot do."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.child_process import lean_environment
from workbench.errors import TemplateError
from workbench.prompts.content import Prompt, PromptMessage, Variable
from workbench.prompts.templates import Renderer, placeholders, render, variables_of


def literal(text: str, *variables: Variable) -> Prompt:
    return Prompt("triage", (PromptMessage("user", text),), variables=variables)


def jinja(text: str, *variables: Variable) -> Prompt:
    return replace(literal(text, *variables), template="jinja2")


def text_of(prompt: Prompt, **variables: object) -> str:
    return render(prompt, variables)[0]["content"]


hostile = st.text() | st.sampled_from(["{{b}}", "{{ a }}", "{% x %}", "{#", "\\1", "\\g<0>", "}}{{"])


@settings(deadline=None)
@given(hostile, hostile, hostile)
def test_a_value_is_sent_as_it_is_and_never_rendered_again(a, b, between):
    between = re.sub(r"[{}\r]", "", between)
    assert text_of(literal("{{a}}" + between + "{{ b }}"), a=a, b=b) == a + between + b


@settings(deadline=None)
@given(st.text())
def test_jinja_never_renders_a_value_again_either(value):
    value += "{{ 6 * 7 }}{% set x = 1 %}{# gone #}"
    assert text_of(jinja("{{ a }}"), a=value) == value


def test_values_that_are_no_text_are_sent_as_compact_json():
    prompt = literal("{{n}} {{f}} {{b}} {{none}} {{list}} {{map}}")
    values = {"n": 1, "f": 0.5, "b": True, "none": None, "list": ["é", 1], "map": {"k": "v"}}
    assert text_of(prompt, **values) == '1 0.5 true null ["é",1] {"k":"v"}'


def test_braces_that_are_no_placeholder_stay():
    text = 'Answer {"a": 1}, {name}, {{ two words }}, {{}}, {% if %}, {# x #}'
    assert text_of(literal(text)) == text


def test_every_missing_variable_is_named():
    with pytest.raises(TemplateError, match=r'variables "b", "c" are missing for the prompt "triage"'):
        render(literal("{{a}} {{b}} {{c}} {{b}}"), {"a": "x"})
    with pytest.raises(TemplateError, match='variable "who" is missing'):
        render(jinja("Hello {{ who }}"), {})
    with pytest.raises(TemplateError, match='variable "who" is missing'):
        render(jinja("{% if false %}{{ who }}{% endif %}", Variable("who")), {})


@pytest.mark.parametrize("make", [literal, jinja])
def test_defaults_and_optional_variables_fill_in(make):
    prompt = make(
        "{{tone}}|{{context}}|",
        Variable("tone", default="kind"),
        Variable("context", required=False),
    )
    assert text_of(prompt) == "kind||"
    assert text_of(prompt, tone="dry", context=None) == "dry||"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["x", "", 5], [["x"], True, {}]),
        ("integer", [5, 5.0, "5"], ["five", 5.5, True, "5.5"]),
        ("number", [5, 0.5, "1e3"], ["", "abc", True]),
        ("boolean", [True, "true", "False"], ["yes", 1]),
        ("array", [["x"], "[1]"], ["x", {}]),
        ("object", [{}, '{"a": 1}'], [[], "x"]),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(kind, good, bad):
    prompt = literal("{{v}}", Variable("v", kind))
    for value in good:
        render(prompt, {"v": value})
    for value in bad:
        with pytest.raises(TemplateError, match='variable "v" should be'):
            render(prompt, {"v": value})


def test_an_empty_message_is_not_sent():
    prompt = Prompt("p", (PromptMessage("system", ""), PromptMessage("user", "hi")))
    assert render(prompt, {}) == ({"role": "user", "content": "hi"},)
    with pytest.raises(TemplateError, match="no text to send"):
        render(Prompt("p", (PromptMessage("user", ""),)), {})


def test_placeholders_come_in_order_and_without_loop_variables():
    assert placeholders(literal("{{b}} {{ a-1 }} {{b}} {c}")) == ("b", "a-1")
    prompt = jinja("{{ z }}{% for i in items %}{{ i }}{{ loop.index }}{% endfor %}{% set y = 1 %}{{ y }}")
    assert placeholders(prompt) == ("z", "items")
    declared = Variable("z", "integer")
    assert variables_of(replace(prompt, variables=(declared,))) == (declared, Variable("items"))


def test_jinja_keeps_line_ends_and_writes_json_for_models_not_browsers():
    assert text_of(jinja("{{ d | tojson }}\n"), d={"a": "<é>"}) == '{"a": "<é>"}\n'


ATTACKS = {
    "much text": "{{ 'a'*10**8 }}",
    "wide number": "{{ '%1000000000d'|format(1) }}",
    "padding": "{{ 'a'|center(10**9) }}",
    "power": "{{ (10**9)**(10**9) }}",
    "nested lists": "{{ [[1]*1000000]*1000000 }}",
    "doubling": "{% set n=namespace(s='ab') %}{% for i in range(60) %}{% set n.s=n.s~n.s %}{% endfor %}",
    "many chunks": "{% for i in range(99999) %}{{ 'a'*99 }}{% endfor %}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "deep nesting": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "attr filter": "{{ x|attr('__class__') }}",
    "format string": "{{ '{0.__class__.__mro__}'.format(x) }}",
    "mutation": "{{ x.append(1) }}",
    "file": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "syntax": "{% if %}",
    "division": "{{ 1 / 0 }}",
}


@pytest.mark.parametrize("template", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_in_one_sentence(template):
    with pytest.raises(TemplateError) as problem:
        render(jinja(template), {"x": [1]})
    assert str(problem.value).endswith(".") and "\n" not in str(problem.value)
    assert len(str(problem.value)) < 500


def test_an_endless_loop_is_killed_and_the_next_render_works():
    endless = jinja("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}")
    with Renderer(timeout_s=0.3) as renderer:
        started = time.monotonic()
        with pytest.raises(TemplateError, match=r"did not finish within 0\.3 seconds"):
            renderer.render(endless, {})
        assert time.monotonic() - started < 10  # the worker's start included, on a busy machine
        assert renderer.render(jinja("{{ a }}"), {"a": "fine"})[0]["content"] == "fine"


def test_a_worker_that_died_between_two_renders_is_replaced():
    with Renderer() as renderer:
        renderer.render(jinja("x"), {})
        renderer._worker._child._process.kill()
        assert renderer.render(jinja("{{ a }}"), {"a": 1})[0]["content"] == "1"


def test_threads_share_a_renderer_without_mixing_answers():
    wrong = []
    with Renderer() as renderer:

        def work(number: int) -> None:
            for i in range(50):
                value = f"{number}-{i}"
                if renderer.render(jinja("{{ v }}"), {"v": value})[0]["content"] != value:
                    wrong.append(value)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_literal_prompt_starts_no_process(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a literal template started a process")

    monkeypatch.setattr("subprocess.Popen", refuse)
    with Renderer() as renderer:
        renderer.render(literal("{{a}}"), {"a": 1})
        assert renderer.placeholders(literal("{{a}}")) == ("a",)


def test_the_worker_sees_no_keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert "sk-secret" not in lean_environment().values()


@pytest.mark.parametrize("make", [literal, jinja])
def test_a_value_that_is_no_data_is_refused_by_name(make):
    with pytest.raises(TemplateError, match='variable "a" cannot be written as JSON'):
        render(make("{{a}}"), {"a": object()})
