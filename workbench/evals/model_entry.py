"""How a suite names a model: by its id alone, or with how to reach it."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from workbench.credentials import credential_in
from workbench.llm.types import ModelSpec


def model_entry(value: Any) -> Any:
    """Return a name alone as the mapping that it stands for."""
    return {"id": value} if isinstance(value, str) else value


class Strict(BaseModel):
    """Takes no field that it does not know, and shows no value in its errors."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class ModelEntry(Strict):
    """What answers: ``provider/model`` and how to reach it."""

    id: str = Field(min_length=1, max_length=300, description="provider/model, such as openai/gpt-5-mini")
    params: dict[str, Any] = Field({}, description="Parameters of the call, such as temperature")
    api_base: str | None = Field(None, description="The URL of a server that speaks the provider's protocol")
    api_key_env: str | None = Field(
        None, description="The name of the environment variable that holds the key"
    )
    label: str | None = Field(None, min_length=1, max_length=100, description="What tables call it")
    outputs: str | None = Field(
        None,
        min_length=1,
        description="A JSONL file of recorded answers instead of a model; {prompt} is the prompt's name",
    )
    max_concurrency: int | None = Field(
        None, ge=1, le=1000, description="Calls of this model at the same time"
    )
    requests_per_minute: int | None = Field(
        None, ge=1, le=10_000_000, description="Calls in any minute, at most"
    )
    tokens_per_minute: int | None = Field(
        None, ge=1, le=10_000_000_000, description="Tokens in and out in any minute, at most"
    )
    timeout_s: float | None = Field(None, gt=0, le=86_400, description="Seconds that one attempt may take")
    first_token_timeout_s: float | None = Field(
        None, gt=0, le=86_400, description="Seconds to the first token, which is then streamed"
    )

    @model_validator(mode="before")
    @classmethod
    def _no_secrets(cls, data: Any) -> Any:
        name = credential_in(data) if isinstance(data, dict) else None
        if name is not None:
            raise ValueError(
                f"a key does not belong in a suite ({name}); put it in an environment variable and its name in "
                "api_key_env"
            )
        return data

    @field_validator("api_key_env")
    @classmethod
    def _variable_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", value):
            raise ValueError(
                "api_key_env is the name of an environment variable, such as OPENAI_API_KEY, never a key"
            )
        return value

    @field_validator("api_base")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = urlsplit(value)
            good = url.scheme in ("http", "https") and bool(url.hostname) and url.username is None
        except ValueError:
            good = False
        if not good:
            raise ValueError(
                "api_base is a URL with http:// or https://, without a user name or password in it"
            )
        return value

    def spec(self) -> ModelSpec:
        """Return what the gateway takes."""
        return ModelSpec(**self.model_dump())


#: A model as a field of a suite or as a parameter of a scorer: its id, or a mapping.
Model = Annotated[ModelEntry, BeforeValidator(model_entry, json_schema_input_type=str | ModelEntry)]
