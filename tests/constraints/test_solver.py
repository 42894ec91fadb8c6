"""Solving and verifying: what is solved passes the check, and what is refused cannot be had."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.constraints import exact_search, solver
from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints, ZoneLimit
from dynst_core.constraints.solver import solve
from dynst_core.constraints.verification import verify
from dynst_core.errors import ConstraintError
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import SiteSet


def line(n: int, step_km: float = 1.0) -> SiteSet:
    """Sites a to z on a line in local metres."""
    where = np.column_stack([np.arange(n) * step_km * 1000, np.zeros(n)])
    return SiteSet(np.array(list("abcdefghijklmnop"[:n])), where, geographic=False)


def pins(n: int, always: str = "", never: str = "") -> Constraints:
    pin = np.zeros(n, dtype=np.int8)
    pin[["abcdefghijklmnop".index(c) for c in always]] = ALWAYS
    pin[["abcdefghijklmnop".index(c) for c in never]] = NEVER
    return Constraints(pin)


def kept(found: exact_search.Solved) -> str:
    return "".join("abcdefghijklmnop"[i] for i in found.mask.kept)


RISING = np.arange(6)  # f is the last to stay


@pytest.mark.parametrize(
    ("asked", "n_active", "expected"),
    [
        (pins(6), 3, "def"),
        (pins(6, always="a"), 3, "aef"),
        (pins(6, never="f"), 3, "cde"),
        (pins(6, always="ab", never="ef"), 3, "abd"),
        (replace(pins(6), min_distance_km=2.0), 3, "bdf"),
        (replace(pins(6), min_distance_km=2.0), 6, "bdf"),
        (replace(pins(6), min_distance_km=2.1), 6, "cf"),
        (replace(pins(6), cost=np.array([1.0, 1, 1, 1, 3, 3]), max_cost=4.0), 2, "df"),
        (replace(pins(6), cost=np.ones(6), max_cost=4.0), 6, "cdef"),
    ],
)
def test_the_highest_ranked_sites_that_obey_are_kept(
    asked: Constraints, n_active: int, expected: str
) -> None:
    assert kept(solve(RISING, line(6), asked, n_active)) == expected


@pytest.mark.parametrize(
    ("rank", "asked", "expected"),
    [
        ([0, 2, 1], replace(pins(3), min_distance_km=1.5), "ac"),  # b alone would bar both
        ([0, 5, 1, 2, 4, 3], replace(pins(6), min_distance_km=1.5), "bdf"),  # e would bar d and f
        ([*RISING], replace(pins(6), cost=np.array([1.0, 1, 1, 1, 3, 3]), max_cost=4.0), "abcd"),
    ],
)
def test_as_many_as_fit_are_kept_even_where_lower_ranks_take_the_place_of_higher(
    rank: list[int], asked: Constraints, expected: str
) -> None:
    found = solve(np.array(rank), line(len(rank)), asked, 5)
    assert kept(found) == expected and found.most


@pytest.mark.parametrize(
    ("limits", "n_active", "expected"),
    [
        ((ZoneLimit("west", at_least=2),), 3, "bcf"),
        ((ZoneLimit("east", at_most=1),), 4, "abcf"),
        ((ZoneLimit("east", at_most=0),), 6, "abc"),
        ((ZoneLimit("west", 1, 1), ZoneLimit("east", 1, 1)), 6, "cf"),
    ],
)
def test_each_zone_keeps_as_many_as_asked(
    limits: tuple[ZoneLimit, ...], n_active: int, expected: str
) -> None:
    zone = np.array(["west"] * 3 + ["east"] * 3)
    asked = replace(pins(6), zone=zone, limits=limits)
    assert kept(solve(RISING, line(6), asked, n_active)) == expected


def test_a_zone_s_least_number_is_met_where_the_order_of_rank_alone_would_fail() -> None:
    # c is the highest in the zone but bars its neighbours b and d; only b and d make two.
    zone = np.array(["", "in", "in", "in", "", ""])
    asked = replace(pins(6), zone=zone, limits=(ZoneLimit("in", at_least=2),), min_distance_km=2.0)
    rank = np.array([0, 1, 5, 2, 3, 4])
    assert kept(solve(rank, line(6), asked, 6)) == "bdf"


@pytest.mark.parametrize(
    ("asked", "n_active", "named", "not_named"),
    [
        (pins(6, always="abc"), 2, ["always keep a, b, c", "at most 2 sites"], ["zone", "km"]),
        (
            replace(pins(6, always="ab", never="f"), min_distance_km=1.5),
            4,
            ["always keep a, b", "1.5 km", "lower the distance"],
            ["never", "at most 4"],
        ),
        (
            replace(pins(6), cost=np.full(6, 10.0), max_cost=5.0, currency="EUR"),
            4,
            ["spend at most 5 EUR", "raise the budget"],
            ["at most 4"],
        ),
        (
            replace(
                pins(6, never="abc"),
                zone=np.array(["west"] * 3 + ["east"] * 3),
                limits=(ZoneLimit("west", 2), ZoneLimit("east", 1)),
            ),
            6,
            ["never keep a, b, c", "at least 2 in zone west"],
            ["zone east"],
        ),
    ],
)
def test_constraints_that_clash_are_named_and_no_others(
    asked: Constraints, n_active: int, named: list[str], not_named: list[str]
) -> None:
    with pytest.raises(ConstraintError) as reported:
        solve(RISING, line(6), asked, n_active)
    text = str(reported.value)
    assert all(part in text for part in named), text
    assert not any(part in text for part in not_named), text
    assert "\n" not in text


def test_a_search_that_runs_out_of_time_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = exact_search.Found(active=None, infeasible=False)
    monkeypatch.setattr(solver, "search_exactly", lambda *asked: unknown)
    with pytest.raises(ConstraintError, match="found none in 5 s of search"):
        solve(RISING, line(6), pins(6, always="abc"), 2)


def test_without_time_to_search_the_order_of_rank_stands_and_claims_no_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = exact_search.Found(active=None, infeasible=False)
    monkeypatch.setattr(solver, "search_exactly", lambda *asked: unknown)
    rank, asked = np.array([0, 2, 1]), replace(pins(3), min_distance_km=1.5)
    found = solve(rank, line(3), asked, 3)
    assert kept(found) == "b" and not found.most


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, SiteSet, Constraints, int]:
    """Up to seven sites on a map, with anything a planner may insist on."""
    n = draw(st.integers(1, 7))
    rank = np.array(draw(st.permutations(range(n))))
    spots = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=n, max_size=n))
    geographic = draw(st.booleans())
    where = np.array(spots, dtype=float) * (0.01 if geographic else 1000.0)
    sites = SiteSet(np.array([f"s{i}" for i in range(n)]), where, geographic=geographic)
    zone = np.array(draw(st.lists(st.sampled_from(["", "A", "B"]), min_size=n, max_size=n)))
    limits = []
    for name in sorted(set(zone.tolist()) - {""}):
        least = draw(st.integers(0, 3))
        most = draw(st.one_of(st.none(), st.integers(least, 4)))
        limits.append(ZoneLimit(name, least, most))
    cost = np.array(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), dtype=float)
    asked = Constraints(
        pin=np.array(draw(st.lists(st.sampled_from([0, 0, 0, 1, -1]), min_size=n, max_size=n))),
        cost=cost,
        max_cost=draw(st.one_of(st.none(), st.integers(0, 12).map(float))),
        min_distance_km=draw(st.sampled_from([0.0, 1.0, 1.2, 2.3])),
        zone=zone,
        limits=tuple(limits),
    )
    return rank, sites, asked, draw(st.integers(1, n))


def choices(sites: SiteSet, asked: Constraints, n_active: int) -> list[np.ndarray]:
    """Every choice of sites that obeys, by trying all."""
    every = (np.array(picked) for picked in product([False, True], repeat=len(sites)))
    return [active for active in every if not verify(Mask(active), sites, asked, n_active)]


@given(problems())
def test_what_is_solved_obeys_and_what_is_refused_cannot_be_had(
    problem: tuple[np.ndarray, SiteSet, Constraints, int],
) -> None:
    rank, sites, asked, n_active = problem
    possible = choices(sites, asked, n_active)
    try:
        mask = solve(rank, sites, asked, n_active).mask
    except ConstraintError:
        assert possible == []
        return
    assert verify(mask, sites, asked, n_active) == ()
    outside = (mask.active | active for active in possible if (mask.active <= active).all())
    assert all((more == mask.active).all() for more in outside), "no further site would fit"


@given(problems())
def test_no_choice_keeps_more_and_none_of_so_many_ranks_higher_where_the_order_falls_short(
    problem: tuple[np.ndarray, SiteSet, Constraints, int],
) -> None:
    rank, sites, asked, n_active = problem
    possible = choices(sites, asked, n_active)
    if not possible:
        return
    found, in_order = solve(rank, sites, asked, n_active), solver.greedy_by_rank(*problem)
    most = max(int(active.sum()) for active in possible)
    assert found.mask.n_active == most and found.most
    if in_order is not None and in_order.sum() == most:
        assert (found.mask.active == in_order).all()
    else:
        best = max(rank[active].sum() for active in possible if active.sum() == most)
        assert rank[found.mask.active].sum() == best


@given(problems())
def test_where_only_pins_and_zones_bind_no_choice_ranks_higher(
    problem: tuple[np.ndarray, SiteSet, Constraints, int],
) -> None:
    rank, sites, asked, n_active = problem
    asked = replace(asked, min_distance_km=0.0, max_cost=None)
    possible = choices(sites, asked, n_active)
    if possible:
        best = max(possible, key=lambda active: (2.0 ** rank[active]).sum())
        assert (solve(rank, sites, asked, n_active).mask.active == best).all()


@pytest.mark.parametrize(
    ("picture", "asked", "n_active", "breach"),
    [
        ("", pins(4), None, "No site is kept"),
        ("abc", pins(4), 2, "3 sites are kept where 2 are allowed"),
        ("ab", pins(4, always="ad"), None, "Site d must always be kept and is removed"),
        ("ab", pins(4, never="b"), None, "Site b must never be kept and is kept"),
        ("abd", replace(pins(4), min_distance_km=1.1), None, "Sites a and b are kept 1 km apart"),
        (
            "ab",
            replace(pins(4), cost=np.full(4, 600.0), max_cost=1000.0, currency="EUR"),
            None,
            "The kept sites cost 1,200 EUR a year where 1,000 may be spent",
        ),
        (
            "ab",
            replace(pins(4), zone=np.array(["A", "A", "B", "B"]), limits=(ZoneLimit("B", 1),)),
            None,
            "Zone B keeps 0 sites where at least 1 are asked",
        ),
        (
            "ab",
            replace(pins(4), zone=np.array(["A", "A", "B", "B"]), limits=(ZoneLimit("A", 0, 1),)),
            None,
            "Zone A keeps 2 sites where at most 1 are allowed",
        ),
    ],
)
def test_each_breach_is_a_sentence(
    picture: str, asked: Constraints, n_active: int | None, breach: str
) -> None:
    mask = Mask(np.array([c in picture for c in "abcd"]))
    found = verify(mask, line(4), asked, n_active)
    assert len(found) == 1 and found[0].startswith(breach) and found[0].endswith(".")


def test_a_least_distance_is_measured_along_the_ground_across_the_date_line() -> None:
    where = np.array([[179.95, 0.0], [-179.95, 0.0]])  # 11.1 km apart
    sites = SiteSet(np.array(["a", "b"]), where, geographic=True)
    near, far = (replace(Constraints.none(2), min_distance_km=km) for km in (11.0, 11.2))
    assert verify(Mask.all_on(2), sites, near) == ()
    assert "11.1 km apart" in verify(Mask.all_on(2), sites, far)[0]
    assert solve(np.arange(2), sites, near, 2).mask.n_active == 2
    assert solve(np.arange(2), sites, far, 2).mask.n_active == 1


def test_half_a_world_apart_is_no_trouble() -> None:
    where = np.array([[0.0, 0.0], [90.0, 0.0], [180.0, 0.0]])
    sites = SiteSet(np.array(["a", "b", "c"]), where, geographic=True)
    asked = replace(Constraints.none(3), min_distance_km=15_000.0)
    mask = solve(np.array([0, 1, 2]), sites, asked, 3).mask
    assert mask.active.tolist() == [True, False, True] or mask.n_active == 1
    assert verify(mask, sites, asked) == ()


@pytest.mark.parametrize(
    ("asked", "n_active", "expected"),
    [
        (pins(6), 3, "def"),
        (pins(6, always="a"), 3, "aef"),
        (pins(6, never="ef"), 6, "abcd"),
        (replace(pins(6), min_distance_km=2.0), 3, "bdf"),
        (replace(pins(6, always="a"), cost=np.ones(6), max_cost=2.0), 4, "af"),
    ],
)
def test_nothing_is_searched_where_the_order_of_rank_gives_all_there_can_be(
    asked: Constraints, n_active: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def searched(*_: object) -> None:
        raise AssertionError("Expected the order of rank to do, found a search.")

    monkeypatch.setattr(solver, "search_exactly", searched)
    assert kept(solve(RISING, line(6), asked, n_active)) == expected


@pytest.mark.parametrize("costs", [{}, {"cost": np.ones(3), "max_cost": 10.0}])
def test_sites_that_crowd_within_a_kilometre_are_searched_too(costs: dict) -> None:
    asked = replace(pins(3), min_distance_km=0.75, **costs)
    assert kept(solve(np.array([0, 2, 1]), line(3, step_km=0.5), asked, 3)) == "ac"


def test_costs_that_differ_by_less_than_one_are_searched_too() -> None:
    asked = replace(pins(6), cost=np.array([1.0, 1, 1, 1, 1.9, 1.9]), max_cost=3.8)
    assert kept(solve(RISING, line(6), asked, 5)) == "bcd"


def test_demands_among_too_many_near_pairs_are_refused_and_not_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(solver, "too_many_pairs", lambda *_: True)
    zone = np.array(["", "in", "in", "in", "", ""])
    asked = replace(pins(6), zone=zone, limits=(ZoneLimit("in", at_least=2),), min_distance_km=2.0)
    with pytest.raises(ConstraintError, match="2 km too many of 6 sites lie near .* lower the"):
        solve(np.array([0, 1, 5, 2, 3, 4]), line(6), asked, 6)


def test_two_pins_too_near_each_other_are_named_without_a_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def searched(*_: object) -> None:
        raise AssertionError("Expected the pins alone to be named, found a search.")

    monkeypatch.setattr(solver, "search_exactly", searched)
    asked = replace(pins(6, always="ab"), min_distance_km=1.5)
    with pytest.raises(ConstraintError, match=r"always keep a, b.*1\.5 km|1\.5 km.*keep a, b"):
        solve(RISING, line(6), asked, 4)
