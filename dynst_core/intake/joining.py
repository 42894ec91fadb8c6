"""How the ids of the values and those of the places belong together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from dynst_core.datasets.reading.table_reading import same_id
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.file_ids import file_id
from dynst_core.intake.records import quoted_names, unmatched_names
from dynst_core.intake.roles.columns import SITE_NAME
from dynst_core.intake.roles.found import FILE_NAME, Roles
from dynst_core.intake.roles.groups import Group, all_texts, id_pairs, without_zeros, words_of


def find_ids(values: Group, places: Group, roles: Roles) -> None:
    """The column of ids in the file of places: what shares most with the values."""
    if roles.stated("place_id"):
        if roles.choices.place_id not in places.columns:
            raise DataError(
                f"Expected a column {roles.choices.place_id!r} in {places.name}, found "
                f"{some_ids(list(places.columns), 12)}; correct `place_id`."
            )
        roles.propose("place_id", "", "")
        return
    resolved = roles.resolved
    if resolved.site == FILE_NAME and _ids_of_names(values, places, roles):
        return
    other = "" if resolved.layout == "wide" else resolved.site
    pairs = [
        (n, name)
        for name, column, n in id_pairs(places, values, ignore=bool(roles.choices.leading_zeros))
        if column == other or other == FILE_NAME
    ]
    if pairs:
        most = max(pairs)[0]
        names = [name for n, name in pairs if n == most]
        name = next((n for n in names if SITE_NAME.search(words_of(n))), names[0])
        roles.propose("place_id", name, f"{most:,} of its texts are ids of the values")
        return
    named = [n for n in places.columns if SITE_NAME.search(words_of(n))]
    if named:
        roles.propose(
            "place_id", named[0], "by its name, though few of its texts are ids of the values"
        )
    else:
        roles.ask(
            "place_id",
            f"Which column of {places.name} holds the ids of the sites?",
            *places.columns,
        )


def _ids_of_names(values: Group, places: Group, roles: Roles) -> bool:
    """Propose the column of places that shares most ids with the names of files, if any."""
    ids = {without_zeros(same_id(file_id(table, values))) for table in values.tables}
    shared = {
        name: len(ids & {without_zeros(same_id(text)) for text in all_texts(places, name)})
        for name in places.columns
    }
    name = max(shared, key=lambda one: (shared[one], SITE_NAME.search(words_of(one)) is not None))
    if shared[name] < max(1, 0.3 * len(ids)):
        return False
    roles.propose("place_id", name, f"{shared[name]:,} of its texts are names of files")
    return True


def key_of_ids(names: list[str], ids: list[str], places: str, roles: Roles) -> Callable[[str], str]:
    """The form in which ids are compared; asks whether zeros that some begin with count.

    Raises:
        DataError: zeros are to be ignored, though sites differ by them.
    """

    def bare(text: str) -> str:
        return without_zeros(same_id(text))

    apart = not (
        {same_id(name).casefold() for name in names} & {same_id(one).casefold() for one in ids}
    )
    if apart or roles.stated("match"):
        by_number = _key_of_numbers(names, ids, places, roles)
        if by_number is not None:
            return by_number
    unplaced, unused = unmatched_names(names, ids)
    shared = {bare(name) for name in unplaced} & {bare(one) for one in unused}
    if not shared:
        return same_id
    for one, whose in ((names, "values"), (ids, places)):
        count = Counter(map(bare, {same_id(text) for text in one}))
        twice = [text for text in one if count[bare(text)] > 1]
        if twice and roles.stated("leading_zeros"):
            raise DataError(
                f"Expected ids of the {whose} that differ by more than zeros, found "
                f"{quoted_names(twice)}; write the ids of values and places alike, and state no "
                f"`leading_zeros`."
            )
        if twice:
            return same_id
    asked = any(question.setting == "leading_zeros" for question in roles.questions)
    if not asked:
        first = next(name for name in unplaced if bare(name) in shared)
        other = next(one for one in unused if bare(one) == bare(first))
        roles.ask(
            "leading_zeros",
            f"{len(shared):,} ids of the values and of {places} differ by zeros alone, as "
            f"{first!r} and {other!r}: are they the same?",
            "ignore",
        )
    return bare


NUMBERED = re.compile(r"(.*?)0*(\d+)\D{0,3}")
"""An id with a number at its end: what stands before it, and the number without zeros."""


def _key_of_numbers(
    names: list[str], ids: list[str], places: str, roles: Roles
) -> Callable[[str], str] | None:
    """The numbers of ids, where these alone are alike and each is that of one site; else None.

    Raises:
        DataError: numbers are to be compared, though they do not tell the sites apart.
    """

    def number_of(text: str) -> str:
        found = NUMBERED.fullmatch(same_id(text))
        return found[2] if found else same_id(text)

    alone = True
    for some in (names, ids):
        each = {same_id(text) for text in some}
        found = [NUMBERED.fullmatch(text) for text in each]
        begins = {one[1] for one in found if one}
        numbers = {one[2] for one in found if one}
        alone &= all(found) and len(begins) == 1 and len(numbers) == len(each)
        if roles.stated("match") and len({number_of(text) for text in each}) < len(each):
            raise DataError(
                f"Expected ids with a number of their own, found several of one among "
                f"{quoted_names(some)}; write the ids of values and places alike, and state no "
                f"`match`."
            )
    first: dict[str, str] = {number_of(one): one for one in reversed(ids)}
    pairs = [(name, first[number_of(name)]) for name in names if number_of(name) in first]
    if roles.stated("match"):
        roles.propose("match", "", "")
        return number_of
    if not alone or len(pairs) < max(2, 0.5 * min(len(names), len(ids))):
        return None
    if all(without_zeros(same_id(a)) == without_zeros(same_id(b)) for a, b in pairs):
        return None
    if not any(question.setting == "match" for question in roles.questions):
        roles.ask(
            "match",
            f"No id of the values is one of {places}, and {len(pairs):,} have the same number, as "
            f"{pairs[0][0]!r} and {pairs[0][1]!r}: are they the same sites (`match=number`)?",
            "number",
        )
    return number_of


def advice_on_ids(names: list[str], ids: list[str]) -> str:
    """What to try where values and places share no id."""
    if {name.casefold() for name in names} & {one.casefold() for one in ids}:
        return "they differ by capital letters alone: write them alike in one of the files"
    return "state the columns as `site=COLUMN` and `place_id=COLUMN`, or write the ids alike"
