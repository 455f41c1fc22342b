"""The database: one repository a noun. Only this room knows SQL."""

from __future__ import annotations

import sqlalchemy as sa

from workbench.store.comparisons import ComparisonRepository
from workbench.store.connection import database_url, open_engine
from workbench.store.datasets import DatasetRepository, DatasetVersion
from workbench.store.findings import FindingRepository
from workbench.store.human_labels import HumanLabel, HumanLabelRepository
from workbench.store.judgements import JudgementRepository
from workbench.store.library import DraftRepository, LabelRecord, PromptRepository, VersionRecord
from workbench.store.limits import LimitRepository
from workbench.store.playground import PlaygroundRepository
from workbench.store.releases import ReleaseRecord, ReleaseRepository
from workbench.store.results import CellRecord, ResultRepository
from workbench.store.runs import RunRecord, RunRepository
from workbench.store.spending import SpendingRepository

__all__ = [
    "CellRecord",
    "DatasetRepository",
    "DatasetVersion",
    "DraftRepository",
    "FindingRepository",
    "HumanLabel",
    "HumanLabelRepository",
    "JudgementRepository",
    "LabelRecord",
    "LimitRepository",
    "PlaygroundRepository",
    "PromptRepository",
    "ReleaseRecord",
    "ReleaseRepository",
    "ResultRepository",
    "RunRecord",
    "RunRepository",
    "SpendingRepository",
    "Store",
    "VersionRecord",
    "database_url",
]


class Store:
    """All repositories on one database.

    Raises:
        StoreError: The database cannot be opened, or was made by a newer version.
    """

    def __init__(self, url: sa.URL) -> None:
        from workbench.store.cache import CacheRepository

        self.engine = open_engine(url)
        self.prompts = PromptRepository(self.engine)
        self.drafts = DraftRepository(self.engine)
        self.datasets = DatasetRepository(self.engine)
        self.runs = RunRepository(self.engine)
        self.results = ResultRepository(self.engine)
        self.limits = LimitRepository(self.engine)
        self.findings = FindingRepository(self.engine)
        self.judgements = JudgementRepository(self.engine)
        self.comparisons = ComparisonRepository(self.engine)
        self.human_labels = HumanLabelRepository(self.engine)
        self.spending = SpendingRepository(self.engine)
        self.cache = CacheRepository(self.engine)
        self.playground = PlaygroundRepository(self.engine)
        self.releases = ReleaseRepository(self.engine)

    @property
    def location(self) -> str:
        """Where the database is: the file's path, or an address without user, password and options."""
        url = self.engine.url
        if url.get_backend_name() == "sqlite":
            return url.database or "in memory"
        port = f":{url.port}" if url.port else ""
        return f"{url.get_backend_name()}://{url.host or 'localhost'}{port}/{url.database or ''}"

    @property
    def schema(self) -> str:
        """The version of the tables. An open database always has the one that this Workbench writes."""
        from workbench.store.migrations import HEAD

        return HEAD

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
