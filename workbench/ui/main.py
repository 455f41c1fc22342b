"""The navigation of the browser app: seven pages, each with a link of its own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.ui.state import PAGES, screen, settle

# A Material icon in this place would be fetched from another host.
ICON = Path(__file__).with_name("icon.svg")
st.set_page_config(page_title="Workbench", page_icon=str(ICON), layout="wide")
settle()
# Streamlit marks a link to the page itself as if it were a tab; within a page it is a link like any other.
st.html(
    "<style>[data-testid='stMain'] [data-testid='stPageLink'] a:not(:hover):not(:focus-visible)"
    "{background:transparent} .st-key-back a{transform:translateX(-0.5rem)}</style>"
)

pages = [
    st.Page(screen(name), title=page.title, icon=page.icon, url_path=name, help=page.purpose)
    for name, page in PAGES.items()
]
# The default page has the bare address; it sends on to Prompts, so that every page has a link with its name.
home = st.Page("screens/home.py", title="Workbench", default=True, visibility="hidden")
st.navigation([home, *pages], position="top").run()
