"""A simulated tunnel fire: our own, made in seconds, so that training needs no file and no network.

This is not the FIT data of the DynST paper, which are not published; it stands in for them. It is
a teaching model in two dimensions, not a fire-safety tool: gas is incompressible with buoyancy,
flames are a heated volume, and turbulence is the diffusion that the coarse cells bring.

The model: a vertical lengthwise section of a ventilated tunnel. Fans push air in at the left at a
speed that wavers; a fire heats the gas above the road; hot gas rises, spreads under the ceiling
(against the wind too, when the wind is weak) and is carried out at the right; walls and radiation
take heat away. Heat release grows with time squared, holds, and decays. Fires follow one another at
different places and powers, each in a tunnel that has cooled down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field as Option

from dynst_core.datasets.grids.cell_ids import grid_sites
from dynst_core.datasets.reading.settings import Settings
from dynst_core.fields.field import About, Field, make_field

AMBIENT_C = 20.0
ZERO_C_IN_KELVIN = 273.15
GRAVITY = 9.81
"""m/s2"""
HEAT_CAPACITY = 1.2 * 1005.0
"""Of a cubic metre of ambient air, J/(m3 K)."""
STEFAN_BOLTZMANN = 5.67e-8
"""W/(m2 K4)"""
ABSORPTION_PER_M = 0.15
"""How strongly smoke radiates, 1/m."""
WALL_COEFFICIENT = 30.0
"""Heat that a wall takes, W/(m2 K)."""
TUNNEL_WIDTH_M = 8.0
FRICTION_SECONDS = 40.0
"""How long an eddy lives that nothing feeds."""
EDDY_VISCOSITY = 0.15
"""m2/s"""
SUBSTEP_SECONDS = 0.25
START = np.datetime64("2000-01-01T00:00", "ns")
"""The record begins at an arbitrary date: the fires never happened."""


class TunnelSettings(Settings):
    """Size of the section and of the record.

    Attributes:
        seed: decides places, powers, winds and flicker; the same seed gives the same record.
        rows, columns: cells over the height and along the length.
        height_m, length_m: size of the section.
        n_fires: fires, one after another.
        times_per_fire: times recorded of each.
        step_seconds: time between records.
    """

    kind: Literal["simulated"] = "simulated"
    seed: int = Option(default=0, ge=0)
    rows: int = Option(default=12, ge=4)
    columns: int = Option(default=60, ge=8)
    height_m: float = Option(default=6.0, gt=0)
    length_m: float = Option(default=60.0, gt=0)
    n_fires: int = Option(default=16, ge=1)
    times_per_fire: int = Option(default=75, ge=2)
    step_seconds: float = Option(default=10.0, gt=0)


@dataclass(frozen=True)
class Fires:
    """What sets the fires apart, each (fire,).

    Attributes:
        place_m: distance of the fire from the left portal.
        power_mw: convective heat release at its height, megawatts.
        ignition_s, growth_s, hold_s, decay_s: when it starts and how long each phase lasts.
        wind_m_s: mean speed of the ventilation.
        phase: of the slow wavering of wind and flame, radians.
    """

    place_m: np.ndarray
    power_mw: np.ndarray
    ignition_s: np.ndarray
    growth_s: np.ndarray
    hold_s: np.ndarray
    decay_s: np.ndarray
    wind_m_s: np.ndarray
    phase: np.ndarray

    def heat_release(self, seconds: float) -> np.ndarray:
        """Convective heat release of each fire at a time after its record began, (fire,), W."""
        since = seconds - self.ignition_s
        growth = np.clip(since / self.growth_s, 0.0, 1.0) ** 2
        fading = np.clip((since - self.growth_s - self.hold_s) / self.decay_s, 0.0, 1.0)
        flicker = 1.0 + 0.08 * np.sin(seconds / 7.0 + self.phase) * np.sin(seconds / 17.0)
        return self.power_mw * 1e6 * growth * (1.0 - fading) ** 2 * flicker

    def wind(self, seconds: float) -> np.ndarray:
        """Ventilation speed of each fire at a time after its record began, (fire,), m/s."""
        return self.wind_m_s * (1.0 + 0.15 * np.sin(seconds / 45.0 + self.phase))


def draw_fires(settings: TunnelSettings) -> Fires:
    """Draw the fires; places and powers are spread evenly, then shuffled, so that none is alike."""
    rng = np.random.default_rng(settings.seed)
    n = settings.n_fires
    duration = settings.times_per_fire * settings.step_seconds

    def spread(low: float, high: float) -> np.ndarray:
        return low + (high - low) * rng.permutation((np.arange(n) + rng.uniform(0, 1, n)) / n)

    return Fires(
        place_m=settings.length_m * spread(0.15, 0.75),
        power_mw=spread(6.0, 30.0) * settings.height_m / 6.0,
        ignition_s=duration * rng.uniform(0.03, 0.08, n),
        growth_s=duration * rng.uniform(0.2, 0.3, n),
        hold_s=duration * rng.uniform(0.1, 0.2, n),
        decay_s=duration * rng.uniform(0.25, 0.3, n),
        wind_m_s=spread(1.3, 2.8),
        phase=rng.uniform(0, 2 * np.pi, n),
    )


def simulate_tunnel(
    settings: TunnelSettings,
    *,
    about: About,
    channels: tuple[str, ...] = ("temperature",),
    units: tuple[str, ...] = ("°C",),
) -> Field:
    """Gas temperature in a tunnel section during fires one after another, as a Field in metres.

    Args:
        settings: size, length and seed.
        about: title, place, licence and source.
        channels: name of the one channel.
        units: its unit, degrees Celsius.
    Returns:
        A Field on a grid without geography, rounded to 0.1 degrees as a sensor would give.
    """
    record = fire_temperatures(settings, draw_fires(settings))
    # Fires are computed side by side and recorded one after another.
    values = record.swapaxes(0, 1).reshape(-1, settings.rows * settings.columns, 1)
    step = np.timedelta64(round(settings.step_seconds * 1e9), "ns")
    y = (np.arange(settings.rows) + 0.5) * settings.height_m / settings.rows
    x = (np.arange(settings.columns) + 0.5) * settings.length_m / settings.columns
    sites, grid = grid_sites(y, x, geographic=False)
    time = START + np.arange(len(values)) * step
    return make_field(
        np.round(values, 1), time, sites, channels=channels, units=units, about=about, grid=grid
    )


def fire_temperatures(settings: TunnelSettings, fires: Fires) -> np.ndarray:
    """Temperature of every fire's record, (time, fire, rows, columns), degrees Celsius."""
    flow = _Section(settings)
    substeps = max(1, round(settings.step_seconds / SUBSTEP_SECONDS))
    dt = settings.step_seconds / substeps
    shape = (settings.n_fires, settings.rows, settings.columns)
    excess, vorticity = np.zeros(shape), np.zeros(shape)
    hearth = flow.hearth(fires.place_m)
    record = np.empty((settings.times_per_fire, *shape))
    for step in range(settings.times_per_fire):
        for substep in range(substeps):
            seconds = step * settings.step_seconds + substep * dt
            heat = fires.heat_release(seconds)[:, None, None] * hearth / HEAT_CAPACITY
            excess, vorticity = flow.advance(excess, vorticity, heat, fires.wind(seconds), dt)
        record[step] = AMBIENT_C + excess
    return record


class _Section:
    """Motion of gas on the cells of the section, all fires at once: (fire, rows, columns).

    The stream function is zero at floor, ceiling and left portal beyond the mean wind, and free at
    the right, so the sines below solve its Poisson equation exactly.
    """

    def __init__(self, settings: TunnelSettings) -> None:
        rows, columns = settings.rows, settings.columns
        self.dz, self.dx = settings.height_m / rows, settings.length_m / columns
        self.length_m = settings.length_m
        self.z = (np.arange(rows) + 0.5) * self.dz
        self.x = (np.arange(columns) + 0.5) * self.dx
        k, m = np.arange(1, rows + 1), np.arange(columns) + 0.5
        self._up = np.sin(np.outer(np.arange(rows) + 0.5, k) * np.pi / rows)
        self._up /= np.linalg.norm(self._up, axis=0)
        self._along = np.sin(np.outer(np.arange(columns) + 0.5, m) * np.pi / columns)
        self._along /= np.linalg.norm(self._along, axis=0)
        self._laplacian = -(
            (2 * np.sin(k * np.pi / rows / 2) / self.dz)[:, None] ** 2
            + (2 * np.sin(m * np.pi / columns / 2) / self.dx)[None, :] ** 2
        )
        walls = np.full(rows, 2 / TUNNEL_WIDTH_M)
        walls[[0, -1]] += 1 / self.dz
        self._wall_rate = (WALL_COEFFICIENT * walls / HEAT_CAPACITY)[:, None]

    def hearth(self, place_m: np.ndarray) -> np.ndarray:
        """Where each fire's heat goes: share per cubic metre, (fire, rows, columns)."""
        along = np.exp(-0.5 * ((self.x - place_m[:, None]) / 1.2) ** 2)
        up = np.exp(-0.5 * ((self.z - 2.0) / 1.2) ** 2)
        shape = up[:, None] * along[:, None, :]
        volume = shape.sum(axis=(1, 2), keepdims=True) * self.dx * self.dz * TUNNEL_WIDTH_M
        return shape / volume

    def advance(
        self,
        excess: np.ndarray,
        vorticity: np.ndarray,
        heat: np.ndarray,
        wind: np.ndarray,
        dt: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """One short step: rub, carry along the flow, heat, cool and lift.

        Args:
            excess: temperature above ambient, K.
            vorticity: spin of the gas, 1/s.
            heat: heating rate, K/s.
            wind: ventilation speed, (fire,), m/s.
            dt: seconds.
        Returns:
            Excess and vorticity, `dt` later.
        """
        modes = self._up.T @ vorticity @ self._along
        modes = modes / (1.0 - dt * EDDY_VISCOSITY * self._laplacian)
        vorticity = self._up @ modes @ self._along.T
        u, w = self._velocity(modes)
        carry = _Carrier(u + wind[:, None, None], w, dt / self.dx, dt / self.dz)
        excess, vorticity = carry(excess), carry(vorticity)
        kelvin = AMBIENT_C + ZERO_C_IN_KELVIN + excess
        ambient = AMBIENT_C + ZERO_C_IN_KELVIN
        # Losses are taken implicitly: however hot a cell, it cools towards ambient, never past it.
        radiated = 4 * ABSORPTION_PER_M * STEFAN_BOLTZMANN / HEAT_CAPACITY
        rate = self._wall_rate + radiated * (kelvin + ambient) * (kelvin**2 + ambient**2)
        excess = (excess + dt * heat) / (1.0 + dt * rate)
        buoyancy = GRAVITY * excess / (ambient + excess)
        vorticity = vorticity + dt * self._slope_along(buoyancy)
        return excess, vorticity / (1.0 + dt / FRICTION_SECONDS)

    def _velocity(self, modes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Speeds along and up beside the wind, m/s, from the vorticity's share of each sine.

        Solves laplacian(stream function) = -vorticity.
        """
        psi = self._up @ (-modes / self._laplacian) @ self._along.T
        above = np.concatenate([psi[:, 1:], -psi[:, -1:]], axis=1)
        below = np.concatenate([-psi[:, :1], psi[:, :-1]], axis=1)
        right = np.concatenate([psi[:, :, 1:], psi[:, :, -1:]], axis=2)
        left = np.concatenate([-psi[:, :, :1], psi[:, :, :-1]], axis=2)
        return (above - below) / (2 * self.dz), -(right - left) / (2 * self.dx)

    def _slope_along(self, buoyancy: np.ndarray) -> np.ndarray:
        """Change of buoyancy along the tunnel; fresh air enters at the left."""
        right = np.concatenate([buoyancy[:, :, 1:], buoyancy[:, :, -1:]], axis=2)
        left = np.concatenate([np.zeros_like(buoyancy[:, :, :1]), buoyancy[:, :, :-1]], axis=2)
        return (right - left) / (2 * self.dx)


class _Carrier:
    """Semi-Lagrangian transport: each cell takes what was upstream of it. Stable at any speed.

    Between cells values are mixed linearly, so transport makes no new extremes. What comes from
    beyond the left portal is fresh air (zero); floor, ceiling and right portal repeat the edge.
    """

    def __init__(self, u: np.ndarray, w: np.ndarray, dt_dx: float, dt_dz: float) -> None:
        fires, rows, columns = u.shape
        row = np.clip(np.arange(rows)[:, None] - w * dt_dz, 0, rows - 1)
        # One column of fresh air is put before the first cell.
        column = np.clip(np.arange(1, columns + 1) - u * dt_dx, 0, columns)
        top, left = row.astype(np.int64), column.astype(np.int64)
        self._row_share, self._column_share = row - top, column - left
        next_row, next_column = np.minimum(top + 1, rows - 1), np.minimum(left + 1, columns)
        start = (np.arange(fires) * rows)[:, None, None]
        self._corners = tuple(
            (start + r) * (columns + 1) + c for r in (top, next_row) for c in (left, next_column)
        )

    def __call__(self, cells: np.ndarray) -> np.ndarray:
        fresh = np.concatenate([np.zeros_like(cells[:, :, :1]), cells], axis=2).ravel()
        a, b, c, d = (fresh[corner] for corner in self._corners)
        low = a + (b - a) * self._column_share
        high = c + (d - c) * self._column_share
        return low + (high - low) * self._row_share
