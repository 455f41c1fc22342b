"""What stands on a page that was drawn without a browser."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest


def settled(at: AppTest) -> AppTest:
    """Return the page, which must not have raised."""
    assert not at.exception, [str(e.message) for e in at.exception]
    return at


def said(at: AppTest) -> str:
    """Return all text that stands on the page, without markup, styles and escapes."""
    kinds = ("header", "subheader", "caption", "markdown", "error", "warning", "info")
    texts = [str(element.value) for kind in kinds for element in getattr(at, kind)]
    texts = [re.sub(r"\\(?=[^\w\s])", "", text) for text in texts]
    texts += [unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", element.value)) for element in at.html]
    texts += [re.sub(r"\\(?=[^\w\s])", "", link.proto.label) for link in at.get("page_link")]
    texts += [str(element.value) for element in at.code]
    return re.sub(r"\s+", " ", "\n".join(texts))


def links(at: AppTest, **having: Any) -> list[dict[str, str]]:
    """Return the query parameters of all links that have these among them, in order."""
    found = []
    for link in at.get("page_link"):
        params = {name: values[0] for name, values in parse_qs(link.proto.query_string.lstrip("?")).items()}
        if {name: str(value) for name, value in having.items()}.items() <= params.items():
            found.append(params)
    return found


def raw_html(at: AppTest) -> str:
    """Return all HTML on the page as it is sent."""
    return "\n".join(element.value for element in at.html)
