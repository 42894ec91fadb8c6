"""What the words of a command line ask for, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dynst_core.errors import ConfigError
from dynst_core.fields.mask import Mask
from dynst_core.planning.masks import edited_mask, mask_at
from dynst_core.runs.run import Run


def plan_with_typed_edits(run: Run, percent: float, off: Sequence[str], on: Sequence[str]) -> Mask:
    """The run's plan at a cut with sites switched off and on, each of which must change it.

    Raises:
        ConfigError: a site is unknown, named in both, or as asked already.
    """
    mask, sites = mask_at(run, percent / 100), run.sites
    closed, opened = sites.named(off), sites.named(on)
    for site in closed:
        name = str(sites.site_id[site])
        if site in opened:
            raise ConfigError(
                f"Expected a site to switch off or on, found {name!r} in both --off and --on; "
                f"take it out of one."
            )
        if not mask.active[site]:
            raise ConfigError(
                f"Expected a kept site to switch off, found {name!r} removed already at "
                f"{percent:g} %; take it out of --off."
            )
    for site in opened:
        if mask.active[site]:
            raise ConfigError(
                f"Expected a removed site to switch on, found {str(sites.site_id[site])!r} kept "
                f"already at {percent:g} %; take it out of --on."
            )
    return edited_mask(mask, closed, opened)


def what_becomes_of_stuck(word: str) -> Literal["remove", "keep"]:
    """What becomes of sensors that stand still.

    Raises:
        ConfigError: the word is neither remove nor keep.
    """
    if word not in ("remove", "keep"):
        raise ConfigError(f"Expected --stuck remove or keep, found {word!r}; choose one of those.")
    return "remove" if word == "remove" else "keep"


def typed_percents(text: str) -> list[float]:
    """Numbers parted by commas.

    Raises:
        ConfigError: a part is no number.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(
            f"Expected percents parted by commas, found {text!r}; for example 0,30,60,90."
        ) from error
