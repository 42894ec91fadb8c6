"""A site's card, without a browser: over time, N-1, and what stands in the way of an answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dynst_core.inference.run_data import problem_of_run
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.planning.local_effect import local_effect, neighbourhood
from dynst_core.planning.masks import edited_mask
from dynst_core.planning.site_series import band_at, share_held
from dynst_core.runs.run import Run
from tests.support.app_pages import (
    button,
    card,
    dropped_at_60,
    figures,
    numbers_in,
    open_app,
    segment,
    settled,
)
from tests.support.factories import make_arrays, network_sites, save_run, with_seeds

KEPT, REMOVED = True, False


@pytest.fixture
def fire_store(fire_run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNST_RUNS", str(fire_run.folder.parent))
    return fire_run.folder.parent


@pytest.fixture(scope="module")
def forecasts(fire_run: Run) -> RunForecaster:
    return RunForecaster(fire_run, problem_of_run(fire_run, device="cpu", progress=False))


def one_site(run: Run, level: int, *, kept: bool) -> tuple[int, str]:
    site = int(np.flatnonzero(run.path.active[level] == kept)[100])
    return site, str(run.sites.site_id[site])


def chart(app: AppTest) -> dict[str, dict]:
    """The lines of the card's chart, by name."""
    (found,) = app.get("plotly_chart")
    return {line["name"]: line for line in json.loads(found.proto.spec)["data"]}


def answered(app: AppTest) -> list[str]:
    """The answer to "what if it fails", its heading first."""
    found = [m.value for m in app.markdown if m.value.startswith("**If it ")]
    return found[0].splitlines() if found else []


def caption(app: AppTest) -> str:
    return next(c.value for c in app.caption if "band" in c.value)


def test_a_card_shows_its_site_over_time(
    fire_store: Path, fire_run: Run, forecasts: RunForecaster
) -> None:
    site, name = one_site(fire_run, 1, kept=KEPT)
    app = settled(open_app(removed="50", panel="site", site=name))
    drawn = chart(app)
    assert {"observed", "this plan", "all cells", "band, lowest"} <= set(drawn)
    found = forecasts.series(fire_run.path.mask(1), site, forecasts.windows(), lead_time=1)
    band = band_at(fire_run, 1, found, site, 1, 0)
    held = share_held(found, band, 0, np.ones(len(found.plan), dtype=bool))
    assert band.calibrated and "20 s ahead, the last lead time." in caption(app)
    said = re.search(
        r"90 % band: ±([\d.]+) °C \(from the selection period\); held (\d+) % of the", caption(app)
    )
    assert said and float(said[1]) == pytest.approx(band.half_width, rel=0.01)
    assert int(said[2]) == pytest.approx(100 * held, abs=1)

    segment(app, "What is drawn").set_value("lead").run()
    assert set(chart(app)) == {"persistence", "all cells", "50 % removed"}
    assert dict(app.query_params)["card"] == "lead"


@pytest.mark.parametrize(
    ("kept", "question"), [(KEPT, "What if it fails?"), (REMOVED, "What would it add?")]
)
def test_a_card_tells_what_one_site_is_worth_and_leaves_the_plan_alone(
    fire_store: Path, fire_run: Run, forecasts: RunForecaster, kept: bool, question: str
) -> None:
    site, name = one_site(fire_run, 1, kept=kept)
    app = open_app(removed="50", panel="site", site=name, card="lead")
    untouched, link = figures(app), dict(app.query_params)
    assert button(app, "failure").label == question and answered(app) == []
    settled(button(app, "failure").click().run())

    mask = fire_run.path.mask(1)
    other = edited_mask(mask, off=[site]) if kept else edited_mask(mask, on=[site])
    before, after = forecasts.errors(mask), forecasts.at(other, level=1).errors(forecasts.windows())
    heading, *lines = answered(app)
    assert heading.startswith("**If it fails**" if kept else "**If it were switched on**")
    near = neighbourhood(fire_run.sites, [site])
    for line, sites in zip(lines, (None, near.sites), strict=True):
        found = local_effect(before, after, sites)
        said = numbers_in(line)
        assert said[-3:] == pytest.approx([found.difference, found.before, found.after], abs=0.006)
        assert " °C** (" in line
    assert figures(app) == untouched and dict(app.query_params) == link
    assert "failure" not in [b.key for b in app.button], "answered, so not asked again"


def test_where_the_data_are_unknown_a_card_shows_what_the_run_holds_and_says_why_not_more(
    network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(network_run.folder.parent))
    name = str(network_run.sites.site_id[network_run.path.mask(2).kept[0]])
    app = open_app(removed="60", panel="site", site=name)
    assert "persistence" in chart(app) and not app.error
    button(app, "failure").click().run()
    assert "The answer needs the run's data: Expected the name of a data set" in app.error[0].value
    assert "persistence" in chart(app)
    segment(app, "What is drawn").set_value("time").run()
    assert len(app.error) == 1 and not app.get("plotly_chart")


def test_a_site_s_card_tells_its_standing_and_when_it_goes(store: Path, network_run: Run) -> None:
    site = dropped_at_60(network_run)
    index = network_run.sites.site_id.tolist().index(site)
    text = card(open_app(removed="60", panel="site", site=site))
    assert f"**Sensor {site}** is **removed**" in text
    assert (
        "rank 17 of 40, where 1 is the most important" in text and "above 60 % of sensors" in text
    )
    assert "Dropped when 60 % is removed" in text
    kept, gone = (network_run.rmse_by_site(level)[index] for level in (1, 2))
    assert f"{kept:.2f} mph at the last level that keeps it, {gone:.2f} at the next" in text


def test_several_seeds_give_a_site_s_importance_its_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(10))))
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    assert run.arrays.members is not None
    low, high = run.arrays.members.importance[:, 4]
    text = card(open_app(panel="site", site="s4"))
    assert f"({100 * low:.0f} to {100 * high:.0f} % over 3 trainings)" in text


def test_a_site_can_be_pinned_from_its_card(store: Path, network_run: Run) -> None:
    site = dropped_at_60(network_run)
    app = open_app(removed="60", panel="site", site=site)
    segment(app, "What you insist on").set_value(1).run()
    assert dict(app.query_params)["keep"] == site
    assert r"pinned\: always keep" in card(app)
    segment(app, "What you insist on").set_value(-1).run()
    assert dict(app.query_params)["drop"] == site and "keep" not in dict(app.query_params)
    segment(app, "What you insist on").set_value(0).run()
    assert "drop" not in dict(app.query_params)
