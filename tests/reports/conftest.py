"""One run full of hostile text, read by the tests of every format."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.hostile_run import hostile_workspace

from workbench.reports.content import Content
from workbench.workspace.reporting import content_of


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Content]:
    workspace, run = hostile_workspace(tmp_path_factory.mktemp("hostile"))
    yield content_of(workspace, run)
    workspace.close()
