"""What `train` may be asked for, with the words of its help."""

from __future__ import annotations

from typing import Annotated

import typer

Name = Annotated[str | None, typer.Option(help="Id of the run; the data set's when free.")]
Variables = Annotated[
    list[str] | None, typer.Option(help="Only this variable of several; repeatable.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every draw.")]
History = Annotated[int | None, typer.Option(min=1, help="Steps read.")]
Horizon = Annotated[int | None, typer.Option(min=1, help="Steps forecast.")]
Levels = Annotated[
    str | None, typer.Option(help="Percent removed, rising from 0: for example 0,30,60,90.")
]
Effort = Annotated[float, typer.Option(min=0.001, help="Factor on the number of training steps.")]
Seeds = Annotated[
    int,
    typer.Option(
        min=1,
        help="Train from so many seeds, keep the best plan and average their forecasts.",
    ),
]
Backbone = Annotated[
    str,
    typer.Option(
        help="Forecaster: attention-kriging, attention, graph, ridge; on grids conv, spectral; "
        "on networks graph-network."
    ),
]
Always = Annotated[
    list[str] | None,
    typer.Option(help="Id of a site never to be removed, or ID,ID; repeatable."),
]
Never = Annotated[
    list[str] | None,
    typer.Option(help="Id of a site to be removed first, or ID,ID; repeatable."),
]
Leads = Annotated[
    str | None,
    typer.Option(help="Lead times that count, in steps: for example 1-3; the rest 1 in 10."),
]
Stuck = Annotated[
    str,
    typer.Option(
        help="Sensors that stand still: remove them first, or keep them in the ranking. Silent "
        "ones are always removed first, unless named in --always."
    ),
]
