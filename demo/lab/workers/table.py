"""The report as Markdown, for the same documents as the servers'."""

from collections.abc import Callable

from demo.lab.report import Score, added
from demo.lab.table import cells_of, tabulated
from demo.lab.workers.report import Kept, WorkerRun, WorkersReport


def about(report: WorkersReport) -> str:
    """Say what was measured with what."""
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    lines = [f"{len(report.runs)} workers, {report.jobs:,} jobs: {versions}."]
    lines += [f"Not installed: {one.server}, which needs {one.needs}." for one in report.missing]
    return "\n".join(lines)


def threads(report: WorkersReport) -> str:
    """Tabulate what threads did, and what reqtrace made of them."""
    head = ("worker", "at once", "processes", "threads", "most jobs on one", "at once on one", "reqtrace")
    rows = [
        (
            run.worker,
            run.at_once,
            run.processes,
            run.threads,
            run.most,
            run.overlapping,
            ", ".join(f"{count} {sharing}" for sharing, count in sorted(run.sharing_found.items())),
        )
        for run in report.runs
    ]
    return tabulated(head, rows)


def identities(report: WorkersReport) -> str:
    """Tabulate how many jobs began with somebody else in a holder, and how many were told somebody else."""
    rows = [(run.worker, *(told(run, run.kept[name]) for name in report.holders)) for run in report.runs]
    return tabulated(("worker", *report.holders.values()), rows)


def findings(report: WorkersReport) -> str:
    """Tabulate by worker and kind what the task's log says, what reqtrace found, precision and recall."""
    rows: list[tuple[object, ...]] = []
    totals: dict[str, Score] = {}
    for run in report.runs:
        for kind in ("crossed", "leftover"):
            one = added(getattr(kept, kind) for kept in run.kept.values())
            totals[kind] = added((totals.get(kind, Score()), one))
            rows.append((run.worker, f"`{kind}`", *cells_of(one)))
    rows += [("**all**", f"`{kind}`", *cells_of(one)) for kind, one in totals.items()]
    return tabulated(("worker", "kind", "in truth", "found", "both", "precision", "recall"), rows)


def told(run: WorkerRun, kept: Kept) -> str:
    """Say what happened with one holder."""
    parts = [f"{kept.left} left over"] if kept.left else []
    if kept.strangers:
        parts.append(f"**{kept.strangers} of {run.anonymous} for nobody wrong**")
    if kept.mixed:
        parts.append(f"**{kept.mixed} of {run.jobs - run.anonymous} for somebody wrong**")
    return ", ".join(parts) or "0"


SECTIONS: dict[str, Callable[[WorkersReport], str]] = {
    "workers": about,
    "workers-threads": threads,
    "workers-identities": identities,
    "workers-findings": findings,
}
"""What a document can ask for by a pair of markers."""
