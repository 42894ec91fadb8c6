"""The report: what stakeholders read is what was measured, and nothing in it can run."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynst_core.constraints.constraints import ALWAYS, Constraints, ZoneLimit
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import SiteSet
from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation.plan_figures import PlanFigures
from dynst_core.reporting.cautions import cautions_html
from dynst_core.reporting.html_report import write_report
from dynst_core.reporting.tabular_export import provenance_csv
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import (
    add_baselines,
    grid_sites,
    make_arrays,
    make_manifest,
    network_sites,
    save_run,
    with_seeds,
)

FIVE = Tolerance("percent", 5.0)


@dataclass
class Page(HTMLParser):
    """A page as a browser reads it: its elements, their addresses and its text."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def images(self) -> list[str]:
        return [value or "" for name, value in self.attributes if name == "src"]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def read(raw: bytes) -> Page:
    page = Page()
    page.feed(raw.decode())
    page.close()
    return page


def costed(run: Run, level: int) -> Plan:
    n = len(run.sites)
    asked = Constraints(np.zeros(n, dtype=np.int8), cost=np.full(n, 50.0), currency="EUR")
    return Plan.at_level(run, level, asked)


def test_the_report_states_the_measured_figures(network_run: Run) -> None:
    words = read(write_report(network_run, costed(network_run, 2), FIVE)).words
    dense, here = network_run.rmse(0), network_run.rmse(2)
    assert "Keep 16 of 40 sensors and remove 24 (60 %)." in words
    assert f"is {here:.2f} mph (all lead times); with all sensors it is {dense:.2f} mph" in words
    worst = network_run.rmse_by_site(0)[network_run.rmse_by_site(2).argmax()]
    assert f"that one's with all: {worst:.2f} mph" in words
    assert f"above the accepted {1.05 * dense:.2f} mph (5 % above all sensors)" in words
    assert "It saves 1,200 EUR a year." in words
    assert "800 EUR still spent" in words
    for level in range(1, 4):
        random = [row.rmse[0] for row in network_run.baselines.find("random", level)]
        reported = f"{np.mean(random):.2f} ({min(random):.2f} to {max(random):.2f})"
        assert f"{network_run.rmse(level):.2f}" in words and reported in words
    for name in ("0" * 64, "python -m dynst_core train test", "made for tests", "CC0"):
        assert name in words
    assert "Band of single forecastsnot measured" in words.replace(" not", "not")


def test_a_lead_time_has_its_own_figures(network_run: Run) -> None:
    words = read(write_report(network_run, Plan.at_level(network_run, 1), FIVE, lead=2)).words
    assert f"{network_run.rmse(1, 2):.2f} mph (15 min ahead)" in words
    assert f"{network_run.rmse(1):.2f} mph (all" not in words


def test_bands_and_seeds_are_reported_where_they_were_measured(tmp_path: Path) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(9))))
    bands, members = run.arrays.bands, run.arrays.members
    assert bands is not None and members is not None
    words = read(write_report(run, Plan.at_level(run, 1), FIVE)).words
    assert f"± {bands.half_width[1].mean():.2f} mph" in words
    assert f"made to hold 90 %, held {100 * bands.coverage[1].mean():.0f} %" in words
    low, high = members.rmse[:, 1, 0].min(), members.rmse[:, 1, 0].max()
    assert f"{low:.2f} mph to {high:.2f} mph" in words
    assert "One training from one seed" not in words


def test_it_stands_alone_with_maps_and_curves_as_pictures(grid_run: Run) -> None:
    page = read(write_report(grid_run, Plan.at_level(grid_run, 2), FIVE))
    kinds = [src.partition(";")[0] for src in page.images]
    assert kinds == ["data:image/png", "data:image/png", "data:image/svg+xml", "data:image/svg+xml"]
    for src in page.images[:2]:
        picture = Image.open(io.BytesIO(base64.b64decode(src.partition(",")[2])))
        assert picture.width > 1000 and len(picture.convert("RGB").getcolors(1 << 20)) > 50
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert [name for name, _ in page.attributes if name in ("href", "action", "srcset")] == []


def test_a_plan_not_evaluated_states_no_error_and_draws_no_error_map(network_run: Run) -> None:
    plan = Plan.solved(network_run, 7, Constraints.none(40))
    page = read(write_report(network_run, plan, FIVE))
    assert "Its forecast error is not yet evaluated" in page.words
    assert len(page.images) == 3
    assert "Worst sensor" not in page.words and "This plan is none of these levels" in page.words
    assert summarise_plan(network_run, plan, FIVE).rmse is None


def test_a_plan_that_breaks_a_constraint_is_not_shown_as_valid(network_run: Run) -> None:
    pin = np.zeros(40, dtype=np.int8)
    pin[0] = ALWAYS
    broken = Plan.of(network_run, Mask(np.arange(40) > 0), Constraints(pin))
    words = read(write_report(network_run, broken, FIVE)).words
    assert "This plan is not valid: Site s0 must always be kept and is removed." in words


HOSTILE = '<script>alert("x")</script> & \'q\' "><img src=x onerror=alert(1)> $x^2$ {{ 7*7 }}'


def test_what_a_run_was_pinned_to_in_training_is_among_what_was_insisted_on(
    tmp_path: Path,
) -> None:
    arrays = make_arrays(network_sites(10))
    free = save_run(tmp_path, "free", arrays)
    config = free.manifest.config.model_copy(update={"always": ("s1", "s2"), "never": ("s3",)})
    run = save_run(tmp_path, "pinned", arrays, config=config)
    words = read(write_report(run, Plan.at_level(run, 1), FIVE)).words
    assert "Always kept, already in training: s1, s2." in words
    assert "Never kept, already in training: s3." in words
    assert "the plan is the run's own choice" not in words
    plain = read(write_report(free, Plan.at_level(free, 1), FIVE)).words
    assert "Nothing: the plan is the run's own choice." in plain


def test_text_from_people_is_shown_and_never_run(tmp_path: Path) -> None:
    """Title, place, credits, ids, reasons, zones and currency, all of them hostile."""
    sites = network_sites(6)
    ids = np.array([*sites.site_id[:5], HOSTILE])
    arrays = make_arrays(SiteSet(ids, sites.coordinates, geographic=True))
    card = make_manifest("run", arrays).dataset
    evil = dict.fromkeys(("title", "place", "licence", "attribution", "source"), HOSTILE)
    odd = {"units": (HOSTILE,), "channels": (HOSTILE,), "fingerprint": HOSTILE, "name": HOSTILE}
    run = save_run(
        tmp_path,
        "run",
        arrays,
        title=HOSTILE,
        command=HOSTILE,
        dataset=card.model_copy(update=evil | odd),
    )
    pin = np.zeros(6, dtype=np.int8)
    pin[5] = ALWAYS
    asked = Constraints(
        pin,
        cost=np.ones(6),
        currency=HOSTILE,
        zone=np.array([HOSTILE] * 6),
        limits=(ZoneLimit(HOSTILE, 1),),
    )
    plan = Plan.at_level(run, 1, asked).edited(run, Edit("s0", active=True, reason=HOSTILE))
    page = read(write_report(run, plan, FIVE))
    assert not {"script"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all(src.startswith("data:image/") for src in page.images)
    assert page.text.count(HOSTILE) > 10, "it is there to be read, to the letter"
    assert "49" not in re.sub(r"[\d.,]*49[\d.,]+", "", page.words.split("Where this")[0][:200])


def test_the_cautions_are_those_of_the_docs_that_bear_on_the_data() -> None:
    metr, fire = cautions_html("metr-la-week"), cautions_html("tunnel-fire")
    for page in (metr, fire):
        assert "Importance is not worth." in page and "Grid cells are counted alike" in page
    assert "1 to 8 March in UTC" in metr and "not a validated fire model" not in metr
    assert "not a validated fire model" in fire and "taxinyc" not in fire
    assert "era5-uk-t2m" not in metr
    assert metr.count("<h3>") == 4 and "<h2>" not in metr


def test_html_within_the_cautions_would_be_text(tmp_path: Path) -> None:
    file = tmp_path / "beware.md"
    file.write_text("# Beware\n\nIntro.\n\n## Of all\n\n- a <script>x</script>\n- b\n")
    page = cautions_html("any", file)
    assert "<script>" not in page and "&lt;script&gt;" in page and page.count("<li>") == 2


@pytest.mark.parametrize("kind", ["hall", "one site"])
def test_places_without_geography_and_a_single_site_have_a_report(
    tmp_path: Path, kind: str
) -> None:
    sites = grid_sites(4, 6, geographic=False) if kind == "hall" else (network_sites(1),)
    run = add_baselines(save_run(tmp_path, "run", make_arrays(*sites)))
    page = read(write_report(run, Plan.at_level(run, 0), FIVE))
    assert len(page.images) == 4


def test_a_report_needs_only_what_is_saved(network_run: Run) -> None:
    fresh = RunStore(network_run.folder.parent).open("network")
    first, again = (
        re.sub(rb"<dd>[^<]* UTC</dd>", b"", write_report(run, Plan.at_level(run, 1), FIVE))
        for run in (network_run, fresh)
    )
    assert read(first).words == read(again).words


def test_screen_report_and_table_state_the_same_figures(network_run: Run) -> None:
    for level, goal in [(1, FIVE), (2, Tolerance("absolute", 2.0)), (3, replace(FIVE, each=True))]:
        plan = costed(network_run, level)
        summary = summarise_plan(network_run, plan, goal, lead=1)
        figures = PlanFigures(network_run, plan, summary, goal)
        words = read(write_report(network_run, plan, goal, lead=1)).words
        for figure in figures.on_screen():
            assert f"{figure.label}{figure.value}" in words
        whole = PlanFigures(network_run, plan, summarise_plan(network_run, plan, goal), goal)
        table = provenance_csv(network_run, plan).decode("utf-8-sig")
        saved = figures.saving()
        assert saved is not None and f"{saved.value}, {saved.below}" in table
        assert f"speed: {whole.error().value}, " in table


def test_a_goal_for_each_lead_time_is_not_met_by_the_mean_of_all(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites(12))
    run = save_run(tmp_path, "each", arrays)
    shares = [run.rmse(1, lead) / run.rmse(0, lead) for lead in range(3)]
    pooled = run.rmse(1) / run.rmse(0)
    goal = Tolerance("percent", 100 * ((pooled + max(shares)) / 2 - 1), each=True)
    assert pooled < max(shares)
    words = read(write_report(run, Plan.at_level(run, 1), goal)).words
    assert "not met" in words and "to be met at each lead time" in words
