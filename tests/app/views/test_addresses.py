"""An address with anything in it opens its page: what cannot be read is as at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app_pages import drawn, open_app

LONG = "9" * 5000


@pytest.mark.parametrize(
    "query",
    [
        {"lead": LONG, "forecast": LONG, "removed": LONG, "period": LONG, "cost": LONG},
        {"lead": "²", "forecast": "٣", "removed": "NaN", "site": "\0", "edit": "off:\0:\0"},
        {"cost": "1e308", "spend": "1e308", "apart": "1e308", "within": "1e308", "miss": "1e308"},
        {"run": "network", "removed": "1e308", "left": "[]", "right": "{}", "variable": "null"},
        {
            "panel": "export",
            "currency": "\u202e$x$**b**",
            "cost": "5",
            "keep": ",".join("s" * 3000),
        },
    ],
)
def test_the_plan_opens_at_any_address(store: Path, query: dict[str, str]) -> None:
    app = open_app(**query)
    assert app.select_slider and not app.exception


@pytest.mark.parametrize(
    ("view", "query"),
    [
        ("compare", {"lead": LONG, "a-removed": LONG, "b": "../../etc", "show": "\0"}),
        ("compare", {"lead": "²", "a": "\0", "b-removed": "1e308", "variable": LONG}),
        ("runs", {"look": "\0" + LONG}),
        ("runs", {"look": "../network"}),
        ("train", {"data": LONG, "preset": "[]", "job": "../../x"}),
        ("method", {"anything": LONG}),
    ],
)
def test_the_other_views_open_at_any_address(store: Path, view: str, query: dict[str, str]) -> None:
    page = drawn(view, **query)
    assert not page.exception
    shown = [one.value for one in (*page.warning, *page.error)]
    assert all(len(one) < 600 for one in shown)
