"""Base of the records that describe data sets and how to load them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Settings(BaseModel):
    """A frozen record that refuses keys it does not know, so that a misspelt setting is heard."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def first_fault(error: ValidationError) -> str:
    """The first thing pydantic found wrong, as a phrase: what and where."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    return f"{message[:1].lower()}{message[1:]} at {where or 'its top'}"
