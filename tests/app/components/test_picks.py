"""What a click on a map selects, and that each place's number stands at its own place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.components import linked_maps
from dynst_core.runs.run import Run
from tests.support.app_pages import open_app, paint_sent, settled


def clicked(app: AppTest, monkeypatch: pytest.MonkeyPatch, *sites: str) -> dict[str, list[str]]:
    """The address after a click on one site, or a loop round several."""

    def click(*_: object, on_pick: object, on_pick_many: object, **__: object) -> None:
        on_pick(sites[0]) if len(sites) == 1 else on_pick_many(list(sites))

    with monkeypatch.context() as patched:
        patched.setattr(linked_maps, "show_map_stage", click)
        app.run()
    return dict(app.run().query_params)


@pytest.mark.parametrize("panel", ["what-if", "table", "curve"])
def test_a_clicked_site_takes_the_place_of_the_group_selected_before(
    store: Path, monkeypatch: pytest.MonkeyPatch, panel: str
) -> None:
    link = clicked(open_app(sites="s1,s2", panel=panel), monkeypatch, "s3")
    assert link["site"] == "s3" and "sites" not in link


def test_several_sites_take_the_place_of_the_one_selected_before(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = clicked(open_app(site="s3", panel="what-if"), monkeypatch, "s1", "s2")
    assert link["sites"] == "s1,s2" and "site" not in link


@pytest.mark.parametrize("kept", [True, False])
def test_a_key_on_the_map_removes_a_kept_site_and_keeps_a_removed_one(
    store: Path, network_run: Run, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    active = network_run.path.active[2]
    site = str(network_run.sites.site_id[active == kept][0])
    app = open_app(removed="60")
    with monkeypatch.context() as patched:
        patched.setattr(linked_maps, "show_map_stage", lambda *_, on_switch, **__: on_switch(site))
        app.run()
    assert dict(app.run().query_params)["edit"] == f"{'off' if kept else 'on'}:{site}"


def test_the_number_in_a_tooltip_is_that_of_the_site_beneath_it(
    store: Path, network_run: Run
) -> None:
    head, arrays = paint_sent(settled(open_app(removed="60", left="added", right="none")))
    added = network_run.rmse_by_site(2) - network_run.rmse_by_site(0)
    drawn = np.argsort(network_run.path.rank)  # important sites last, on top
    read = arrays["reading/importance"] / head["readings"]["importance"]["scale"]
    np.testing.assert_allclose(read, added[drawn], atol=0.006)
