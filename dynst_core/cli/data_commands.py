"""Commands for a planner's own data: check files, add them, and manage what is kept."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from dynst_core import commands
from dynst_core.errors import DynSTError
from dynst_core.intake import newer, store
from dynst_core.intake import quality as qualities
from dynst_core.intake.checking import check
from dynst_core.intake.choices import Question, answer_text, parsed_choices
from dynst_core.intake.naming import with_settings
from dynst_core.intake.surveying import Large, surveyed_blocks
from dynst_core.intake.verdict import Verdict

console = Console()
MOST_COLUMNS = 12
"""Columns of a file that a preview shows."""

Files = Annotated[
    list[str],
    typer.Argument(help="Files, folders, archives and web addresses that belong together."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A correction or an answer, as in timezone=Europe/Berlin."),
]
Name = Annotated[str, typer.Argument(help="A data set of your own.")]

data = typer.Typer(
    help="Your own data sets: list, rename, delete, restore, export, append.", no_args_is_help=True
)


def _option(setting: str, value: str) -> str:
    """A setting as the command line takes it."""
    stated = f"{setting}={value}" if value else f"{setting}=..."
    return f"`--set {shlex.quote(stated) if value else stated}`"


def _checked(files: list[str], settings: list[str] | None) -> Verdict:
    """The verdict on files; a fault names settings as options.

    Raises:
        DynSTError: the files cannot be read at all.
    """
    try:
        return check(files, parsed_choices(settings or ()))
    except DynSTError as error:
        raise type(error)(with_settings(str(error), _option)) from error


def check_command(files: Files, settings: Settings = None) -> None:
    """Say what files hold: proposals with reasons, questions, quality. Nothing is written."""
    verdict = _checked(files, settings)
    _print_verdict(verdict)
    if verdict.ready:
        console.print("Nothing is left to ask: `add` with the same settings and a --name keeps it.")
    else:
        raise typer.Exit(2)


def add_command(
    files: Files,
    name: Annotated[str, typer.Option(help="The name of the data set, as `train` knows it.")],
    settings: Settings = None,
) -> None:
    """Keep files as a data set that `datasets` lists and `train` takes."""
    store.check_dataset_name(name)
    verdict = _checked(files, settings)
    if not verdict.ready:
        _print_verdict(verdict)
        raise typer.Exit(2)
    kept = store.keep_dataset(verdict, name)
    for note in verdict.notes:
        console.print(escape(note), soft_wrap=True, highlight=False)
    command = commands.command_here("train", name)
    _say_in_terminal(
        f"Kept as {name}: {kept.n_sites:,} sites, {kept.n_times:,} times, in {kept.folder}. "
        f"`{command}` trains on it."
    )


def _print_verdict(verdict: Verdict) -> None:
    """The verdict as a terminal shows it."""
    _print_previews(verdict)
    _print_proposals(verdict)
    for note in verdict.notes:
        _say_in_terminal(f"Note: {with_settings(note, _option)}")
    if verdict.quality is not None:
        _print_quality(verdict)
    if verdict.large is not None:
        _print_survey(verdict.large)
    for question in verdict.questions:
        _say_in_terminal(question_lines(question))
    if verdict.refusal:
        _say_in_terminal(f"Refused: {with_settings(verdict.refusal, _option)}")


def _print_previews(verdict: Verdict) -> None:
    for preview in verdict.previews:
        table = Table(title=escape(f"{preview.name} ({preview.kind})"), title_justify="left")
        for column in preview.columns[:MOST_COLUMNS]:
            table.add_column(escape(column))
        for row in preview.rows:
            table.add_row(*map(escape, row[:MOST_COLUMNS]))
        console.print(table)


def _print_proposals(verdict: Verdict) -> None:
    if not verdict.proposals:
        return
    title = "Proposed; correct any with --set NAME=VALUE"
    table = Table(title=title, title_justify="left")
    for heading in ("Setting", "Value", "Why"):
        table.add_column(heading)
    for one in verdict.proposals:
        table.add_row(one.setting, escape(one.value), escape(one.reason))
    console.print(table)


def question_lines(question: Question) -> str:
    """A question with the options that answer it."""
    answers = [answer_text(question.setting, option) for option in question.options[:6]]
    options = [f"--set {question.setting}={shlex.quote(answer)}" for answer in answers]
    example = f"For example {', '.join(options)}." if options else ""
    kind = "Question" if question.required else "Question (may be left open)"
    text = with_settings(question.text, _option)
    return f"{kind}: {text} {example or f'Answer with --set {question.setting}=...'}"


def _say_in_terminal(text: str) -> None:
    console.print(escape(text), soft_wrap=True, highlight=False)


def _print_quality(verdict: Verdict) -> None:
    quality, field = verdict.quality, verdict.field
    if quality is None or field is None:
        return
    _say_in_terminal(
        f"{quality.n_sites:,} sites, {quality.n_times:,} times every {quality.step}, "
        f"{qualities.period_in_words(quality)}; {100 * quality.missing:.1f} % of the values are "
        "missing."
    )
    for index, channel in enumerate(field.channels):
        _say_in_terminal(
            f"{channel}: {quality.low[index]:g} to {quality.high[index]:g}, mean "
            f"{quality.mean[index]:.4g} {field.units[index]}; {100 * quality.zeros[index]:.1f} % "
            "zeros."
        )
    for notice in quality.notices:
        _say_in_terminal(f"Quality: {notice}")


def _print_survey(large: Large) -> None:
    """What is known of a record that is read block by block, behind a progress bar."""
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Reads the record", total=1.0)
        for found in surveyed_blocks(large):
            bar.update(task, completed=found.done)
    _say_in_terminal(
        f"{found.n_sites:,} sites, {found.n_times:,} times, {found.period}; "
        f"{100 * found.missing:.1f} % of the values are missing."
    )
    _say_in_terminal(
        f"{found.channel}: {found.low:g} to {found.high:g}, mean {found.mean:.4g} {found.unit}; "
        f"{100 * found.zeros:.1f} % zeros."
    )


@data.command("list")
def list_command() -> None:
    """List your own data sets."""
    table = Table(title="Your own data sets")
    for heading in ("Name", "What", "Sites", "Times", "Added", "Files"):
        table.add_column(heading)
    for one in store.all_kept():
        table.add_row(
            one.name,
            escape(one.title),
            f"{one.n_sites:,}",
            f"{one.n_times:,}",
            one.created,
            f"{len(one.originals):,}",
        )
    console.print(table)


@data.command("rename")
def rename_command(name: Name, new: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Give a data set another name."""
    store.rename_dataset(name, new)
    _say_in_terminal(f"{name} is now {new}.")


@data.command("delete")
def delete_command(name: Name) -> None:
    """Delete a data set; `data restore` takes it back."""
    store.delete_dataset(name)
    command = commands.command_here("data", "restore", name)
    _say_in_terminal(f"{name} is deleted; `{command}` takes it back.")


@data.command("restore")
def restore_command(name: Annotated[str, typer.Argument(help="The deleted data set.")]) -> None:
    """Take back the data set of that name that was deleted last."""
    store.restore_dataset(name)
    _say_in_terminal(f"{name} is back.")


@data.command("export")
def export_command(
    name: Name, folder: Annotated[Path, typer.Argument(help="Where the entry and its data go.")]
) -> None:
    """Write a data set as an entry of a catalogue, with its data beside it."""
    toml, values = store.export_dataset(name, folder)
    _say_in_terminal(
        f"{toml} and {values.name} are written; DYNST_CATALOGUE={toml} makes them known elsewhere."
    )


@data.command("append")
def append_command(name: Name, files: Files) -> None:
    """Add newer files of the same kind, read with the settings of the first."""
    kept, said = newer.append_newer_files(name, files)
    for note in said:
        _say_in_terminal(note)
    _say_in_terminal(f"{name} now has {kept.n_sites:,} sites and {kept.n_times:,} times.")
