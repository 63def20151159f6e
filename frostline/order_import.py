"""What became of a file's orders, line by line?"""

import asyncio
import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from api.intake.creating import Now
from api.intake.importing import Outcome, import_orders
from frostline.database import translate_database_errors
from frostline.errors import CommandRefused
from frostline.order_file import Fault, OrderFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """How many orders were written, and what is wrong with the others."""

    written: int
    known: int
    faults: tuple[Fault, ...]


def run(given: OrderFile, database_url: str, now: Now, *, all_or_nothing: bool) -> ImportReport:
    """Write a file's orders. Raises CommandRefused where the database does not answer."""
    faults = [fault for line in given.lines for fault in line.faults]
    if faults and all_or_nothing:
        return ImportReport(written=0, known=0, faults=tuple(faults))
    readable = [(line.line, line.order) for line in given.lines if line.order is not None]
    with translate_database_errors():
        orders = [order for _, order in readable]
        outcomes = asyncio.run(
            import_orders(database_url, orders, now, all_or_nothing=all_or_nothing)
        )
    faults += [
        Fault(line=line, column=outcome.field, why=outcome.why)
        for (line, _), outcome in zip(readable, outcomes, strict=True)
        if outcome.kind == "refused"
    ]
    undone = all_or_nothing and bool(faults)
    return ImportReport(
        written=0 if undone else _count(outcomes, "written"),
        known=_count(outcomes, "known"),
        faults=tuple(sorted(faults, key=lambda fault: fault.line)),
    )


def show(report: ImportReport, *, name: str, as_json: bool) -> None:
    """Print each fault on standard error and the sums on standard output; or one JSON object."""
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False))
        return
    for fault in report.faults:
        typer.echo(fault.said_of(name), err=True)
    lines = len({fault.line for fault in report.faults})
    typer.echo(f"{report.written} written, {report.known} known before, {lines} refused")


def write_refused(path: Path, given: OrderFile, report: ImportReport) -> None:
    """Write the lines that were refused as they were; mended, they are a file to import."""
    refused = {fault.line for fault in report.faults}
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(given.columns)
            writer.writerows(line.cells for line in given.lines if line.line in refused)
    except OSError as error:
        raise CommandRefused(f"{path} cannot be written: {error.strerror}") from error


def _count(outcomes: list[Outcome], kind: str) -> int:
    return sum(outcome.kind == kind for outcome in outcomes)
