"""The navigation of the browser app: seven pages, each with a link of its own."""

from __future__ import annotations

import streamlit as st

from workbench.ui.state import PAGES, screen, settle

st.set_page_config(page_title="Workbench", page_icon=":material/balance:", layout="wide")
settle()

pages = [
    st.Page(screen(name), title=page.title, icon=page.icon, url_path=name, help=page.purpose)
    for name, page in PAGES.items()
]
# The default page has the bare address; it sends on to Prompts, so that every page has a link with its name.
home = st.Page("screens/home.py", title="Workbench", default=True, visibility="hidden")
st.navigation([home, *pages], position="top").run()
