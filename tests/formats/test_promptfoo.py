"""promptfoo configs read as data: what is taken, what is refused, and that nothing in them is run or left unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.evals.datasets.promptfoo import promptfoo_row
from workbench.files import dump_yaml
from workbench.formats.promptfoo import is_promptfoo_file, read_config
from workbench.formats.promptfoo.commas import comma_separated
from workbench.formats.promptfoo.nunjucks import Unsupported, render
from workbench.formats.promptfoo.templates import NotConvertible, convert
from workbench.workspace.promptfoo import import_config

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "formats" / "promptfoo"


@pytest.fixture
def read(tmp_path):
    """Read a config given as data."""

    def reading(data, **files):
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
        path = tmp_path / "promptfooconfig.yaml"
        path.write_text(dump_yaml(data), encoding="utf-8")
        return read_config(path, csv_row=promptfoo_row)

    return reading


def said(config) -> str:
    return "\n".join(map(str, config.findings))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real configs are not beside the repository")
def test_every_real_config_loads_and_what_is_left_of_it_is_used_or_named_by_line():
    configs = [
        read_config(path, csv_row=promptfoo_row) for path in REAL.rglob("*.yaml") if is_promptfoo_file(path)
    ]

    assert len(configs) == 24
    for config in configs:
        assert (config.prompts and config.models and config.tests) or config.losses
        assert all(finding.line for finding in config.losses if finding.file == config.path.name)


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{{ a }}{{b}}", {"a": [1, "x"], "b": {"k": 1}}, "1,x[object Object]"),
        ("{{ '{{x}}' }} {{ a.b[0] | upper }}", {"a": {"b": ["q"]}}, "{{x}} Q"),
        ("{{ gone }}|{{ t }}|{{ n }}", {"t": True, "n": 2.0}, "|true|2"),
        ("{% raw %}{{x}}{% endraw %}{# note #}", {}, "{{x}}"),
        ('{"a": {{', {}, '{"a": {{'),
        ("a {{- x -}} b", {"x": "1"}, "a1b"),
        ("{{ x | default('none') }}", {}, "none"),
    ],
)
def test_values_render_as_nunjucks_renders_them(template, values, text):
    assert render(template, values) == text


@pytest.mark.parametrize(
    "template", ["{{ range.constructor('return 6*7')() }}", "{{ env.HOME }}", "{% set x = 1 %}"]
)
def test_what_is_no_plain_template_is_never_worked_out(template):
    with pytest.raises(Unsupported):
        render(template, {})


def test_a_prompt_of_plain_names_is_literal_and_one_with_a_condition_becomes_jinja():
    assert convert(["Hi {{ name }}{{x}}"]).texts == ("Hi {{name}}{{x}}",)
    loop = convert(["{% for x in items %}{{ x.a | upper }},{% endfor %}{% if a === 'b' %}!{% endif %}"])
    assert loop.engine == "jinja2"
    assert loop.names == ("items", "a")
    assert "==" in loop.texts[0] and "===" not in loop.texts[0]
    with pytest.raises(NotConvertible):
        convert(["{% set x = 1 %}{{ x }}"])


def test_lists_of_texts_multiply_and_other_lists_do_not(read):
    config = read({"tests": [{"vars": {"a": ["x", "y"], "b": ["1", "2"], "c": [1, 2]}}]})
    assert [(t.vars["a"], t.vars["b"], t.vars["c"]) for t in config.tests] == [
        (a, b, [1, 2]) for a in "xy" for b in "12"
    ]


def test_scenarios_and_defaults_are_merged_with_the_defaults_assertions_first(read):
    config = read(
        {
            "defaultTest": {"vars": {"tone": "kind"}, "assert": [{"type": "contains", "value": "{{tone}}"}]},
            "scenarios": [
                {
                    "config": [{"vars": {"lang": "de"}}, {"vars": {"lang": "fr"}}],
                    "tests": [{"assert": [{"type": "equals", "value": "{{lang}}"}], "threshold": 0.5}],
                }
            ],
        }
    )
    assert [t.vars for t in config.tests] == [{"tone": "kind", "lang": "de"}, {"tone": "kind", "lang": "fr"}]
    assert [[s["value"] for s in entries] for entries in config.scorers] == [["kind", "de"], ["kind", "fr"]]
    assert {t.threshold for t in config.tests} == {0.5}


def test_files_of_prompts_and_tests_are_read_and_split(read):
    config = read(
        {"prompts": ["file://p*.txt", "chat.json"], "tests": "t.csv"},
        p1__txt="One {{q}}\n---\nTwo {{q}}",
        chat__json='[{"role": "system", "content": "Be {{q}}"}, {"role": "user", "content": "{{q}}"}]',
        t__csv='q,__expected1,__expected2,__metric\nhi,contains:hi,"not-contains:no",m\n',
    )
    assert [p.prompt.messages[0].content for p in config.prompts] == ["One {{q}}", "Two {{q}}", "Be {{q}}"]
    assert [p.chat for p in config.prompts] == [False, False, True]
    [[group]] = config.scorers
    assert (group["name"], group["type"], len(group["of"])) == ("m", "all", 2)
    assert config.findings == ()


@pytest.mark.parametrize(
    "path", ["file://../secret.txt", "file:///etc/passwd", "file://a/../../secret.txt", "file://../*.txt"]
)
def test_no_path_leaves_the_folder_of_the_config(read, tmp_path, path):
    (tmp_path.parent / "secret.txt").write_text("secret")
    config = read({"prompts": [path], "tests": [{"vars": {"a": path}}], "providers": ["echo"]})
    assert config.prompts == ()
    assert "secret" not in said(config).replace("secret.txt", "")
    assert said(config).count("leads out") >= 1


def test_code_is_named_by_line_and_never_read(read, tmp_path):
    config = read(
        {
            "prompts": ["prompts.py:make", "file://p.js"],
            "providers": ["python:x.py", "exec: rm -rf /", "file://y.mjs", {"id": "echo"}],
            "tests": [
                {
                    "options": {"transform": "output.trim()"},
                    "assert": [
                        {"type": "javascript", "value": "true"},
                        {"type": "equals", "value": "file://v.py"},
                        {"type": "contains", "value": "x", "transform": "output"},
                    ],
                }
            ],
            "extensions": ["file://e.js"],
        }
    )
    assert [m.id for m in config.models] == ["offline/echo"]
    assert config.scorers == ((),)
    assert len(config.losses) == 10
    assert all(loss.line for loss in config.losses)


@pytest.mark.parametrize(
    ("given", "model", "base"),
    [
        ("openai:chat:gpt-5-mini", "openai/gpt-5-mini", None),
        ("anthropic:messages:claude-haiku-4-5", "anthropic/claude-haiku-4-5", None),
        ("google:gemini-2.5-pro", "gemini/gemini-2.5-pro", None),
        ("ollama:chat:deepseek-r1:14b", "ollama/deepseek-r1:14b", None),
        ("openrouter:meta-llama/llama-3", "openrouter/meta-llama/llama-3", None),
        ("localai:chat:x", "openai/x", "http://localhost:8080/v1"),
        (
            {"id": "openai:chat:anthropic/x", "config": {"apiBaseUrl": "https://openrouter.ai/api/v1"}},
            "openai/anthropic/x",
            "https://openrouter.ai/api/v1",
        ),
    ],
)
def test_providers_get_litellms_names(read, given, model, base):
    [found] = read({"providers": [given]}).models
    assert (found.id, found.api_base) == (model, base)


def test_a_key_in_a_config_is_never_taken_over(read):
    config = read(
        {
            "providers": [
                {"id": "openai:a", "config": {"apiKey": "sk-secret-1"}},
                {"id": "openai:b", "config": {"apiKey": "{{env.MY_KEY}}", "temperature": 0}},
            ]
        }
    )
    assert "sk-secret-1" not in str(config)
    assert (config.models[1].api_key_env, config.models[1].params) == ("MY_KEY", {"temperature": 0})


def test_defaults_of_promptfoo_are_written_out_and_milliseconds_become_seconds(read):
    kinds = ("bleu", "gleu", "rouge-n", "levenshtein")
    asserts = [{"type": kind, "value": "x"} for kind in kinds] + [{"type": "latency", "threshold": 1500}]
    [entries] = read({"tests": [{"assert": asserts}]}).scorers
    assert [e.get("threshold", e.get("limit", e.get("max"))) for e in entries] == [0.5, 0.5, 0.75, 5, 1.5]


def test_values_of_lists_are_cut_at_commas_outside_of_quotes():
    assert comma_separated('a, "b, c" , d""e,"f""g",,') == ["a", "b, c", 'd""e', 'f"g']


def test_what_cannot_stand_around_or_beside_a_prompt_is_named_by_line(read):
    config = read(
        {
            "prompts": ["Say {{x}}", '[{"role": "user", "content": "{{x}}"}]'],
            "providers": [{"id": "echo", "prompts": ["Say {{x}}", "gone"]}],
            "tests": [
                {"vars": {"x": "a", "_prefix": "taken"}},
                {"vars": {"x": "b"}, "options": {"prefix": "{% set y = 1 %}"}},
                {"vars": {"x": "c"}, "prompts": ["gone"]},
                {"vars": {"x": "d"}, "providerOutput": "given"},
            ],
        }
    )
    assert [p.prompt.messages[0].content for p in config.prompts] == ["{{_prefix_}}Say {{x}}", "{{x}}"]
    assert [t.vars for t in config.tests] == [
        {"x": "a", "_prefix": "taken", "_prefix_": ""},
        {"x": "b", "_prefix_": "{% set y = 1 %}"},
    ]
    assert config.only_prompts == {"offline/echo": ("prompt-1",)}
    for words in (
        "lists of messages",
        "stays text here",
        'names "gone"',
        "nothing that it names",
        "providerOutput",
    ):
        assert words in said(config)
    assert all(finding.line for finding in config.findings)


def test_references_into_the_config_are_followed_and_loops_of_them_end(read):
    config = read(
        {
            "$defs": {
                "a": {"type": "contains", "value": "x"},
                "b": {"$ref": "#/$defs/c"},
                "c": {"$ref": "#/$defs/b"},
            },
            "tests": [{"assert": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}, {"$ref": "#/gone"}]}],
        }
    )
    [[entry]] = config.scorers
    assert (entry["name"], entry["value"]) == ("contains", "x")
    assert said(config).count("without a `type`") == 2


def test_what_judges_where_nothing_is_named_is_said_once_and_a_rubric_prompt_is_the_configs_own(
    read, tmp_path
):
    asserts = [
        {"type": "llm-rubric", "value": "is {{x}}"},
        {"type": "g-eval", "value": ["a", "b"]},
        {"type": "similar", "value": "s"},
        {"type": "context-recall", "value": "truth", "threshold": 0.5},
        {"type": "factuality", "value": "f", "provider": "openai:gpt-5-mini"},
        {"type": "context-faithfulness", "contextTransform": "output"},
    ]
    config = read(
        {
            "prompts": ["Say {{x}}"],
            "providers": ["echo"],
            "defaultTest": {"options": {"rubricPrompt": "file://grade.json"}},
            "tests": [{"vars": {"x": "kind", "context": "c"}, "assert": asserts}],
        },
        grade__json='[{"role": "user", "content": "{{ output }} by {{rubric}} for {{x}}?"}]',
    )
    [said_of_judge] = [f for f in config.findings if "gpt-4.1-2025-04-14" in f.message]
    assert said_of_judge.message.startswith("`llm-rubric` and 2 more assertions name no judge")
    assert "--judge MODEL" in said_of_judge.message and said_of_judge.line
    assert "`similar` names no embedding model: openai/text-embedding-3-large" in said(config)
    assert [loss.message for loss in config.losses] == [
        "the assertion `context-faithfulness` is left out: its `contextTransform` is code, which is not run"
    ]

    suite = import_config(tmp_path / "promptfooconfig.yaml").suite
    assert (suite.prompts, set(suite.own_prompts)) == (("prompt-1",), {"prompt-1", "rubricPrompt"})
    [case] = suite.dataset.cases
    assert (case.expected, suite.judge.id) == ("truth", "openai/gpt-4.1-2025-04-14")
    assert case.scorers[0].params["judge_prompt"] == "rubricPrompt"
