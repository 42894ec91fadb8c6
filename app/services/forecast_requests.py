"""What a screen may ask of a run's forecaster, each part known by a name, answered or not yet."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from app.services import forecasters
from app.services.background_task import BackgroundTask
from dynst_core.fields.mask import Mask
from dynst_core.inference.answer_cache import Tell, report_part
from dynst_core.runs.run import Run

if TYPE_CHECKING:
    from dynst_core.inference.what_if import WhatIf


@dataclass(frozen=True)
class Ask:
    """One part of what a screen asks; two that are named alike are the same.

    Attributes:
        name: what is asked.
        known: whether a forecaster has answered it.
        make: has it answered; nothing where the forecaster itself is all that is needed.
        passes: over the test period, about: how much work it is.
        early: whether its answer is shown while the others are made.
    """

    name: Hashable
    known: Callable[[WhatIf], bool] = field(compare=False)
    make: Callable[[WhatIf, Tell], Any] = field(compare=False)
    passes: float = field(default=1.0, compare=False)
    early: bool = field(default=False, compare=False)


def forecaster_at_hand() -> Ask:
    """The forecaster itself, for what it answers while the page is drawn."""
    return Ask("at hand", lambda _: True, lambda *_: None)


def request_first_errors(before: Mask, after: Mask) -> Ask:
    """The errors of two masks over some of the test period; needless where the whole is known."""
    return Ask(
        ("first", before.to_hex(), after.to_hex()),
        lambda what_if: what_if.known(after) is not None,
        lambda what_if, tell: (
            what_if.first_look(before, report_part(tell, 0.0, 0.5)),
            what_if.first_look(after, report_part(tell, 0.5, 1.0)),
        ),
        passes=0.5,
        early=True,
    )


def request_errors(mask: Mask) -> Ask:
    """The errors of a mask over the test period."""
    return Ask(
        ("errors", mask.to_hex()),
        lambda what_if: what_if.known(mask) is not None,
        lambda what_if, tell: what_if.errors(mask, tell),
    )


def request_caution(mask: Mask) -> Ask:
    """Whether the answer for a mask shows that its forecaster was not retrained for it."""
    return Ask(
        ("caution", mask.to_hex()),
        lambda what_if: what_if.known_caution(mask) is not None,
        lambda what_if, _: what_if.caution(mask),
        passes=0.2,
    )


def request_share_within(mask: Mask, amount: float, channel: int) -> Ask:
    """The share of forecasts that miss by no more than an amount, in units."""
    return Ask(
        ("within", mask.to_hex(), amount, channel),
        lambda what_if: what_if.known_share(mask, amount, channel) is not None,
        lambda what_if, tell: what_if.share_within(mask, amount, channel, tell),
    )


def request_switched(mask: Mask, site: int) -> Ask:
    """The errors of a mask with one site failing, or coming back."""
    return Ask(
        ("switched", mask.to_hex(), site),
        lambda what_if: what_if.known_switched(mask, site) is not None,
        lambda what_if, tell: what_if.switched(mask, site, tell),
    )


def request_series(mask: Mask, site: int, lead_time: int) -> Ask:
    """One site over the test period, forecast with all sites and with a mask's."""
    return Ask(
        ("series", mask.to_hex(), site, lead_time),
        lambda what_if: what_if.known_series(mask, site, lead_time) is not None,
        lambda what_if, tell: what_if.series(mask, site, lead_time, tell),
        passes=2.0,
    )


def requests_still_open(run: Run, asked: Iterable[Ask]) -> list[Ask]:
    """Those that no forecaster of the run has answered yet, in order and each once."""
    loaded = forecasters.loaded_forecaster(run)
    return [one for one in dict.fromkeys(asked) if loaded is None or not one.known(loaded)]


def work_on_requests(run: Run, asked: list[Ask]) -> Callable[[BackgroundTask], None]:
    """What answers them all, in any thread."""
    return partial(_answer_request, forecasters.forecaster_reader(run), asked)


def _answer_request(
    read: Callable[[], WhatIf | None], asked: list[Ask], task: BackgroundTask
) -> None:
    task.say("Reading the run's data and forecaster")
    what_if = read()
    if what_if is None:
        return
    task.say(f"Forecasting the test period ({len(what_if.windows):,} forecasts)")
    left = [one for one in asked if not one.known(what_if)]
    done, total = 0.0, sum(one.passes for one in left)
    for one in left:
        first, done = done, done + one.passes
        made = one.make(what_if, report_part(task.tell, first / total, done / total))
        if one.early:
            task.early = made
