"""A planner's own table of costs: read by id, or refused with a sentence that helps."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.costs import read_costs
from dynst_core.errors import DataError
from dynst_core.sites import SiteSet

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
    ("text", "told"),
    [
        ("", "expected a CSV table with the columns id (or site) and cost"),
        ("\xff\xfe", "expected a CSV table"),
        ("name,cost\n07,1\n", "expected the columns id (or site) and cost, found name, cost"),
        ("id,price\n07,1\n", "expected the columns id (or site) and cost, found id, price"),
        ("id,cost\n07,1\n", "found none for a,b, c; add a row"),
        ('id,cost\n07,1\n"a,b",2\nc,3\nc,4\n', "one row for each site, found several for c"),
        ('id,cost\n07,1\n"a,b",dear\nc,3\n', "found 'dear' for site 'a,b'"),
        ('id,cost\n07,1\n"a,b",\nc,3\n', "found '' for site 'a,b'"),
        ('id,cost\n07,-1\n"a,b",2\nc,3\n', "found '-1' for site '07'"),
        ('id,cost\n07,inf\n"a,b",2\nc,3\n', "found 'inf' for site '07'"),
        ('id,cost\n07,1\n"a,b",1e308\nc,3\n', "1,000,000,000,000 a site and year, found '1e308'"),
        ('id,cost\n07,"1,200"\n"a,b",2\nc,3\n', "without a thousands separator"),
        ("id;cost\n07;300,5\na,b;2\nc;3\n", "with a decimal point and no comma"),
        ('id,cost\n07,300,5\n"a,b",2,0\nc,3,5\n', "found more; write decimals with a point"),
        ('id,cost\n07,300\n"a,b",2,5\nc,3\n', "in UTF-8, decimals with a point (300.5)"),
    ],
)
def test_a_table_that_will_not_do_is_refused_with_its_fault(text: str, told: str) -> None:
    with pytest.raises(DataError, match="^costs.csv: expected") as caught:
        read_costs(text.encode("latin-1" if "\xff" in text else "utf-8"), "costs.csv", SITES)
    assert told in str(caught.value) and "\n" not in str(caught.value)
