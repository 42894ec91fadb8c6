"""Sites that stand at several places over time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dynst_core.intake.records import Records


def places_over_time(
    records: Records, known: np.ndarray, degrees: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """First, last and mean place of each site, and how many it has."""
    n = len(records.names)
    first, last, mean = (np.full((n, 2), np.nan) for _ in range(3))
    order = np.flatnonzero(known)[np.argsort(records.time[known], kind="stable")]
    where, site = (
        records.where[order] if records.where is not None else np.empty((0, 2)),
        records.site[order],
    )
    last[site] = where
    first[site[::-1]] = where[::-1]
    away = where - first[site]
    if degrees:
        away[:, 0] = (away[:, 0] + 180.0) % 360.0 - 180.0
    count = np.maximum(np.bincount(site, minlength=n), 1)
    shift = np.column_stack(
        [np.bincount(site, weights=away[:, i], minlength=n) / count for i in (0, 1)]
    )
    mean = first + shift
    rounded = np.column_stack([site, np.round(where, 6 if degrees else 1)])
    distinct = np.unique(rounded, axis=0)
    places = np.bincount(distinct[:, 0].astype(np.int64), minlength=n)
    return first, last, mean, places


def moving_sites_separated(records: Records, degrees: bool) -> Records:
    """The same records with each place of a site a site of its own, "ID @ place number"."""
    if records.where is None:
        return records
    where = np.round(records.where, 6 if degrees else 1)
    keys = np.column_stack([records.site, where])
    keys = np.nan_to_num(keys, nan=-1e9)
    unique, code = np.unique(keys, axis=0, return_inverse=True)
    firsts = np.full(len(unique), np.iinfo(np.int64).max)
    np.minimum.at(firsts, code.ravel(), records.time.astype(np.int64))
    rank = np.lexsort((firsts, unique[:, 0]))
    names = [""] * len(unique)
    seen: dict[int, int] = {}
    total = np.bincount(unique[:, 0].astype(np.int64))
    for at in rank:
        site = int(unique[at, 0])
        seen[site] = seen.get(site, 0) + 1
        names[at] = records.names[site] + (f" @{seen[site]}" if total[site] > 1 else "")
    return replace(records, site=code.ravel().astype(np.int64), names=names)
