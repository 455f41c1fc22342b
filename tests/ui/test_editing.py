"""A prompt that passes through the editor unedited is the same prompt."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.prompts.content import Prompt, PromptMessage, Variable
from workbench.ui.editing import Form

names = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=40)
numbers = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False, width=32)
values = st.recursive(
    st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
common = st.sampled_from(["temperature", "max_tokens", "maxTokens", "top_p", "seed", "stop"])
variables = st.builds(
    Variable,
    name=names,
    type=st.sampled_from(["string", "array"]),
    required=st.booleans(),
    description=texts,
)
prompts = st.builds(
    Prompt,
    name=st.just("p"),
    messages=st.lists(
        st.builds(PromptMessage, st.sampled_from(["system", "user", "assistant"]), texts),
        min_size=1,
        max_size=4,
    ).map(tuple),
    description=texts,
    model=st.none() | st.just("openai/gpt-5"),
    parameters=st.dictionaries(common | names, values, max_size=4),
    response_format=st.none() | st.sampled_from(["text", "json_object", "json_schema", "odd"]),
    json_schema=st.none() | st.dictionaries(names, values, max_size=3),
    template=st.sampled_from(["literal", "jinja2"]),
    variables=st.lists(variables, max_size=3, unique_by=lambda v: v.name).map(tuple),
    tags=st.lists(names, max_size=3).map(tuple),
)


@given(prompts)
@settings(max_examples=150, deadline=None)
def test_opening_and_saving_changes_nothing(prompt: Prompt) -> None:
    form = Form.from_dict(Form.of(prompt).to_dict())
    assert form.to_prompt("p").canonical() == prompt.canonical()
    assert form.to_prompt("p").sha256 == prompt.sha256
