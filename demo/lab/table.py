"""The lab's report as Markdown: sections that stand between markers in a document and are written anew there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from demo.lab.report import Cell, Report, Run, Score, added


class NoMarkers(Exception):
    """A document bears no markers for any section."""


Measured = TypeVar("Measured")


def write(path: Path, report: Measured, sections: Mapping[str, Callable[[Measured], str]]) -> list[str]:
    """Write every section for which the document has markers; return their names.

    Raises:
        NoMarkers: when it has none; the text says how they look.

    """
    text = path.read_text() if path.exists() else "\n\n".join(f"{_begin(name)}\n{_end(name)}" for name in sections)
    written = []
    for name, make in sections.items():
        before, begin, rest = text.partition(_begin(name))
        _, end, after = rest.partition(_end(name))
        if end:
            text = f"{before}{begin}\n\n{make(report)}\n\n{end}{after}"
            written.append(name)
    if not written:
        first = next(iter(sections))
        raise NoMarkers(f"{path} has no line such as {_begin(first)} followed by {_end(first)}.")
    path.write_text(text)
    return written


def about(report: Report) -> str:
    """Say what was measured with what."""
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    lines = [f"{len(report.runs)} runs, {report.requests:,} requests, {report.seconds / 60:.0f} minutes: {versions}."]
    lines += [f"Not installed: {one.server}, which needs {one.needs}." for one in report.missing]
    return "\n".join(lines)


def threads(report: Report) -> str:
    """Tabulate what threads did, and what reqtrace made of them."""
    rows = [
        (
            run.server,
            run.stack,
            run.at_once,
            run.sharing.threads,
            run.sharing.requests_per_thread,
            run.sharing.at_once,
            ", ".join(f"{count} {sharing}" for sharing, count in sorted(run.sharing_found.items())),
        )
        for run in report.runs
    ]
    head = ("server", "middleware", "clients at once", "threads", "most requests on one", "at once on one", "reqtrace")
    return tabulated(head, rows)


def identities(report: Report) -> str:
    """Tabulate, for each kind of view, how many requests read somebody else, and how many began with a leftover."""
    tables = []
    for view in _VIEWS:
        rows = [
            (run.server, run.stack, *(_identity(run.cells[view][name]) for name in report.holders))
            for run in report.runs
            if view in run.cells
        ]
        tables.append(
            f"In a view that is {view}:\n\n{tabulated(('server', 'middleware', *report.holders.values()), rows)}"
        )
    return "\n\n".join(tables)


def findings(report: Report) -> str:
    """Tabulate by server and kind what the application's log says, what reqtrace found, precision and recall."""
    rows: list[tuple[object, ...]] = []
    totals: dict[str, Score] = {}
    for run in report.runs:
        for kind in ("crossed", "leftover", "lost"):
            score = added(getattr(cell, kind) for cell in _cells(run))
            totals[kind] = added((totals.get(kind, Score()), score))
            rows.append((run.server, run.stack, f"`{kind}`", *cells_of(score)))
    rows += [("**all**", "", f"`{kind}`", *cells_of(score)) for kind, score in totals.items()]
    return tabulated(("server", "middleware", "kind", "in truth", "found", "both", "precision", "recall"), rows)


def by_holder(report: Report) -> str:
    """Tabulate the same by holder."""
    rows = []
    for name, title in report.holders.items():
        for kind in ("crossed", "leftover", "lost"):
            score = added(getattr(view[name], kind) for run in report.runs for view in run.cells.values())
            if score.true or score.found:
                rows.append((title, f"`{kind}`", *cells_of(score)))
    return tabulated(("holder", "kind", "in truth", "found", "both", "precision", "recall"), rows)


def discovered(report: Report) -> str:
    """Tabulate after how many requests discovery knew each holder, and the recall before and after."""
    rows = [
        (
            one.server,
            one.stack,
            *("never" if (after := one.after[name]) is None else after for name in report.holders),
            _share(one.score.precision),
            _share(one.score.recall),
            _share(one.score_since.recall),
        )
        for one in report.discovered
    ]
    head = ("server", "middleware", *report.holders.values(), "precision", "recall of all", "recall once known")
    return tabulated(head, rows)


def oddities(report: Report) -> str:
    """Tabulate the false alarms in a clean application."""
    loads = list(report.oddities[0].answers) if report.oddities else []
    rows = [
        (one.server, one.stack, *(one.answers[load] for load in loads), one.requests, one.alarms)
        for one in report.oddities
    ]
    return tabulated(("server", "middleware", *loads, "recorded", "false alarms"), rows)


def contexts(report: Report) -> str:
    """Tabulate the requests that began in another one's context."""
    rows = [(one.server, one.requests, *cells_of(one.score)) for one in report.dirt]
    return tabulated(("server", "requests", "began in another's context", "found", "both", "precision", "recall"), rows)


_VIEWS = {"sync": "In synchronous views", "async": "In asynchronous views"}
SECTIONS: dict[str, Callable[[Report], str]] = {
    "about": about,
    "threads": threads,
    "identities": identities,
    "findings": findings,
    "by-holder": by_holder,
    "discovered": discovered,
    "oddities": oddities,
    "contexts": contexts,
}
"""What a document can ask for by a pair of markers."""


def _identity(cell: Cell) -> str:
    """Return what requests read, with **wrong** in bold."""
    texts = [f"{100 * share:.0f}% {what}" for what, share in cell.shares.items()]
    return ", ".join(f"**{text}**" if text.endswith(" wrong") else text for text in texts) or "0"


def _cells(run: Run) -> Iterable[Cell]:
    return (cell for view in run.cells.values() for cell in view.values())


def cells_of(score: Score) -> tuple[object, ...]:
    """Return the cells that tell a score."""
    return score.true, score.found, score.both, _share(score.precision), _share(score.recall)


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}".rstrip("0").rstrip(".") if share not in (0, 1) else f"{share:.0f}"


def tabulated(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _begin(name: str) -> str:
    return f"<!-- lab: {name} -->"


def _end(name: str) -> str:
    return f"<!-- end of {name} -->"
