"""A planner's own table of costs: read by id, or refused with a sentence that helps."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.constraints.costs import read_costs
from dynst_core.errors import DataError
from dynst_core.fields.sites import SiteSet

SITES = SiteSet(np.array(["07", "a,b", "c"]), np.zeros((3, 2)), geographic=True)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ('id,cost\n07,1.5\n"a,b",0\nc,1e3\n', ()),
        ('site,cost,decision\nc,1000,keep\n"a,b",0,remove\n07,1.5,keep\n', ()),
        (
            "\ufeffCost;Place;Site_ID\n1.5;x;07\n0;y;a,b\n1000;z;c\n5;else;elsewhere\n",
            ("elsewhere",),
        ),
        ('sensor, cost \n c ,1000\n07, 1.5\n"a,b",0\nd,dear\nd,1\n7,1', ("d", "7")),
    ],
)
def test_costs_come_in_the_order_of_the_sites_and_other_ids_are_named(
    text: str, others: tuple[str, ...]
) -> None:
    found = read_costs(text.encode(), "costs.csv", SITES)
    assert found.by_site.tolist() == [1.5, 0.0, 1000.0]
    assert found.others == others


@pytest.mark.parametrize(
    ("raw", "costs"),
    [
        (b"id;cost\n07;300,5\na,b;2\nc;1200\n", [300.5, 2, 1200]),  # decimal commas
        (b"id;cost\n07;300.5\na,b;1.200\nc;3\n", [300.5, 1.2, 3]),  # 300.5 tells
        (b"Sensor;Kosten\n07;1\na,b;2\nc;3\n", [1, 2, 3]),
        (b"sep=;\nid;cost\n07;1\na,b;2\nc;3\n", [1, 2, 3]),
        (b"id\tcost\n07\t1\na,b\t2\nc\t3\n", [1, 2, 3]),
        (b"id|cost\n07|1\na,b|2\nc|3\n", [1, 2, 3]),
        ('id,cost\n07,1\n"a,b",2\nc,3\n'.encode("utf-16"), [1, 2, 3]),
        (b'id,cost\r07,1\r"a,b",2\rc,3\r', [1, 2, 3]),
        (b'id,cost,\r\n07,1,\r\n"a,b",2,\r\nc,3,\r\n', [1, 2, 3]),
        (b'\n\nid,cost\n\n07,1\n"a,b",2\n , \nc,3\n', [1, 2, 3]),
        (b'id,cost,note; remark\n07,1,x\n"a,b",2,"y\nz"\nc,3,\n', [1, 2, 3]),
        (b'id,site,cost\n1,07,1\n2,"a,b",2\n3,c,3\n', [1, 2, 3]),  # site holds the ids
    ],
)
def test_a_table_is_read_as_spreadsheets_of_many_countries_write_it(
    raw: bytes, costs: list[float]
) -> None:
    assert read_costs(raw, "costs.csv", SITES).by_site.tolist() == costs


def named(*ids: str) -> SiteSet:
    return SiteSet(np.array(ids), np.zeros((len(ids), 2)), geographic=True)


def test_ids_stay_text_whatever_they_resemble() -> None:
    ids = ("NA", "null", "nan", "-", "00012", "12", "1e5", "TRUE", "2024-01-02", "Köln", "'q")
    text = "id,cost\n" + "".join(f"{site},{number}\n" for number, site in enumerate(ids))
    assert read_costs(text.encode(), "c.csv", named(*ids)).by_site.tolist() == [*range(len(ids))]
    assert read_costs(text.encode("cp1252"), "c.csv", named(*ids)).others == ()


def test_ids_that_an_export_defused_are_understood() -> None:
    text = "id,cost\n'=1+1,1\n'-5,2\n'@x,3\n'q,4\n"
    found = read_costs(text.encode(), "c.csv", named("=1+1", "-5", "@x", "'q"))
    assert found.by_site.tolist() == [1, 2, 3, 4]
    assert found.others == ()


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("", "expected a CSV table with the columns id (or site) and cost"),
        ("\xff\xfe", "expected a CSV table"),
        ("name,cost\n07,1\n", "with the columns id (or site) and cost, found name,cost in the"),
        ("id,price\n07,1\n", "with the columns id (or site) and cost, found id,price in the"),
        ("07,1\nc,2\n", "found 07,1 in the first line; name the columns so there"),
        ("id,cost,Cost\n07,1,9\n", "expected one column of costs, found cost, Cost"),
        ("id,cost\n07,1\n", "found none for a,b, c; add a row"),
        ('id,cost\n07,1\n"a,b",2\nc,3\nc,4\n', "one row for each site, found several for c"),
        ('id,cost\n07,1\n"a,b",dear\nc,3\n', "found 'dear' for site 'a,b' in line 3"),
        ('id,cost\n07,1\n"a,b",\nc,3\n', "found '' for site 'a,b'"),
        ('id,cost\n07,-1\n"a,b",2\nc,3\n', "found '-1' for site '07'"),
        ('id,cost\n07,inf\n"a,b",2\nc,3\n', "found 'inf' for site '07'"),
        ('id,cost\n07,1\n"a,b",1e308\nc,3\n', "1,000,000,000,000 a site and year, found '1e308'"),
        ('id,cost\n07,"1,200"\n"a,b",2\nc,3\n', "without a thousands separator"),
        ("id;cost\n07;1.200\na,b;2\nc;3\n", "in line 2, which may be 1200 or 1.200"),
        ("id;cost\n07;1,200\na,b;2\nc;3\n", "in line 2, which may be 1200 or 1.200"),
        ("id;cost\n07;1.200,50\na,b;2\nc;3\n", "without a thousands separator"),
        ('id,cost\n07,€5\nc,3\n"a,b",2\n', "found '€5' for site '07'"),
        ('id,cost\n07,1_000\nc,3\n"a,b",2\n', "found '1_000'"),
        ('id,cost\n07,１２\nc,3\n"a,b",2\n', "found '１２'"),
        ('id,cost\n07,300,5\n"a,b",2,0\nc,3,5\n', "expected 2 cells in each line"),
        ('id,cost\n07,300\n"a,b",2,5\nc,3\n', "found 3 in line 3"),
        ('id,cost\n07,1,\n"a,b",2,\nc,3,\n', "leave no separator at a line's end"),
        ("id,cost\n07\nc,3\n", "found 1 in line 2"),
        ('id,cost\n07,"1\n"a,b",2\nc,3\n', "a quotation mark in line 2"),
        ('id,cost\nc,3\n"a,b",2\n7,1\n', "turns 07 into 7: format the column"),
    ],
)
def test_a_table_that_will_not_do_is_refused_with_its_fault(text: str, reported: str) -> None:
    with pytest.raises(DataError, match="^costs.csv: expected") as caught:
        read_costs(text.encode("latin-1" if "\xff" in text else "utf-8"), "costs.csv", SITES)
    assert reported in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "raw", [b"id,cost" * 3_000_000, b"x" * (65 << 20), b'id,"' + b"c" * 200_000]
)
def test_a_table_without_lines_is_refused_at_once(raw: bytes) -> None:
    with pytest.raises(DataError, match="costs.csv: expected a CSV table"):
        read_costs(raw, "costs.csv", SITES)
