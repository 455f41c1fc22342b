"""The field ``cases`` of a suite, where it is a mapping: which file, and how to read it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from workbench.evals.datasets.source import FORMATS
from workbench.evals.datasets.splits import DEFAULT_SHARES
from workbench.evals.model_entry import Strict

Name = Annotated[str, Field(min_length=1, max_length=300)]
ColumnRole = Annotated[
    str,
    Field(pattern=r"^(id|expected|scorers|vars|metadata|skip|(vars|metadata)\..{1,200})$", max_length=210),
]


class CasesEntry(Strict):
    """A file or Hugging Face dataset of cases, and how to read it; what is left out is guessed."""

    file: Name | None = Field(
        None, description="The path of a file, or of a folder with a Hugging Face dataset"
    )
    huggingface: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?$",
        description="The name of a dataset on the Hugging Face hub, such as openai/gsm8k",
    )
    subset: Name | None = Field(None, description="The configuration of a Hugging Face dataset")
    part: Name | None = Field(None, description="Its part, such as validation; train by default")
    revision: Name | None = Field(None, description="Its commit, tag or branch")
    format: Literal[*FORMATS] | None = Field(
        None, description="The format, where the file's name does not tell it"
    )  # type: ignore[valid-type]
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="What stands between columns")
    encoding: str | None = Field(
        None, min_length=1, max_length=40, description="Such as utf-8, utf-16 or cp1252"
    )
    sheet: Name | None = Field(None, description="The sheet of an Excel workbook; the first by default")
    columns: dict[str, ColumnRole] = Field(
        {},
        max_length=1000,
        description="Column: id, expected, vars.NAME, metadata.NAME, vars, metadata or skip",
    )
    id: Name | None = Field(None, description="The column that holds each case's id")
    limit: int | None = Field(None, ge=1, description="How many cases to take, from the beginning")
    split: Name | None = Field(None, description="Take only the cases of this split, such as test")
    splits: dict[Name, Annotated[float, Field(gt=0)]] = Field(
        DEFAULT_SHARES, min_length=1, max_length=20, description="The shares of the splits"
    )
    seed: int = Field(0, description="Another seed gives other splits")
    stratify: Name | None = Field(
        None, description="The metadata field in each of whose values the splits have their shares"
    )

    @model_validator(mode="after")
    def _one_source(self) -> CasesEntry:
        if (self.file is None) == (self.huggingface is None):
            raise ValueError("name either a file or a dataset of huggingface")
        return self
