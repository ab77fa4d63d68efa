"""The page that shows what the lab found out, or how far it is; seen by whoever may see the traces."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import psutil
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join

from dashboard.views import guarded, reading
from demo.lab import report as reports
from demo.lab.report import Cell, Report, Run, Score, added
from demo.lab.workers import report as worker_reports
from demo.lab.workers.report import Kept, WorkerRun, WorkersReport

_KINDS = {
    "crossed": "while a request ran, a holder named somebody else",
    "leftover": "a holder still named a request that had ended",
    "lost": "the middleware had set a holder, and the view found it empty",
}


class Mark(NamedTuple):
    """What requests read from one holder under one server."""

    look: str
    """The worst of it: ``wrong``, ``behind``, ``empty``, ``left-over`` or ``right``."""
    first: str
    rest: str


@guarded
@reading
def page(request: HttpRequest) -> HttpResponse:
    """Show the newest report, or say how to make one."""
    report, workers = _read()
    state_now = _state(report, workers)
    context: dict[str, Any] = {"report": report, "live": reverse("reqtrace_dashboard:page"), "state": state_now}
    if workers is not None and workers.runs:
        context |= _told_of_workers(workers)
    if report is not None:
        context["is_running"] = _is_running(report)
        if report.runs:
            context |= _told(report)
    return render(request, "lab/lab.html", context)


@guarded
@reading
def state(request: HttpRequest) -> HttpResponse:
    """Answer with a text that changes whenever the page would."""
    return HttpResponse(_state(*_read()), content_type="text/plain; charset=utf-8")


def _read() -> tuple[Report | None, WorkersReport | None]:
    return reports.read(settings.LAB_REPORT), worker_reports.read(settings.LAB_WORKERS_REPORT)


def _state(report: Report | None, workers: WorkersReport | None) -> str:
    of_servers = "none" if report is None else f"{report.began_ns} {len(report.runs)} {_is_running(report)}"
    return of_servers if workers is None else f"{of_servers} {workers.began_ns} {len(workers.runs)}"


def _is_running(report: Report) -> bool:
    return report.progress is not None and psutil.pid_exists(report.progress.pid)


def _told(report: Report) -> dict[str, Any]:
    """Return the report as the page's tables show it."""
    servers = {run.server for run in report.runs}
    cells = [cell for run in report.runs for view in run.cells.values() for cell in view.values()]
    scores = {kind: added(getattr(cell, kind) for cell in cells) for kind in _KINDS}
    certain = added((scores["crossed"], scores["leftover"]))
    return {
        "servers": len(servers),
        "in_turn": len({run.server for run in report.runs if run.sharing.requests_per_thread > 1}),
        "at_once": sorted({run.server for run in report.runs if run.sharing.at_once > 1}),
        "true": f"{certain.true:,}",
        "found": f"{certain.found:,}",
        "right": f"{certain.both:,}",
        "alarms": sum(one.alarms for one in report.oddities),
        "clean": f"{sum(one.requests for one in report.oddities):,}",
        "sent": f"{report.requests:,}",
        "holders": [_with_code(title) for title in report.holders.values()],
        "threads": [(run, _counted(run.sharing_found)) for run in report.runs],
        "views": {
            view: [(run, [_mark(run.cells[view][name]) for name in report.holders]) for run in report.runs]
            for view in ("sync", "async")
            if all(view in run.cells for run in report.runs)
        },
        "kinds": [(kind, _KINDS[kind], score) for kind, score in scores.items()],
        "by_server": [(run, _leaks_and_hazards(run)) for run in report.runs],
        "discovered": [(one, [one.after[name] for name in report.holders]) for one in report.discovered],
        "loads": list(report.oddities[0].answers) if report.oddities else [],
        "oddities": [(one, list(one.answers.values())) for one in report.oddities],
    }


def _told_of_workers(report: WorkersReport) -> dict[str, Any]:
    """Return the report on workers as the page's tables show it."""
    return {
        "jobs_each": report.runs[0].jobs,
        "worker_holders": [_with_code(title) for title in report.holders.values()],
        "workers": [(run, [_mark_of_jobs(run, run.kept[name]) for name in report.holders]) for run in report.runs],
        "worker_scores": [
            (run, added(score for kept in run.kept.values() for score in (kept.crossed, kept.leftover)))
            for run in report.runs
        ],
    }


def _mark_of_jobs(run: WorkerRun, kept: Kept) -> Mark:
    left = f"{kept.left} left over" if kept.left else ""
    wrong = kept.strangers + kept.mixed
    if not wrong:
        return Mark("left-over" if left else "right", left or "right", "")
    of_nobody = f"{kept.strangers} of {run.anonymous} for nobody" if kept.strangers else ""
    of_others = f"{kept.mixed} of {run.jobs - run.anonymous} for somebody" if kept.mixed else ""
    return Mark("wrong", f"{wrong} wrong", ", ".join(filter(None, (of_nobody, of_others, left))))


def _mark(cell: Cell) -> Mark:
    shares = cell.shares
    if not shares:
        return Mark("right", "right", "")
    first, *rest = (f"{100 * share:.0f}% {what}" for what, share in shares.items())
    looks = {"wrong": "wrong", "wrong behind it": "behind", "empty": "empty", "left over": "left-over"}
    return Mark(looks[next(iter(shares))], first, ", ".join(rest))


def _leaks_and_hazards(run: Run) -> Score:
    return added(
        score for view in run.cells.values() for cell in view.values() for score in (cell.crossed, cell.leftover)
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def _with_code(title: str) -> str:
    """Return a holder's name in HTML, with what stands in backticks as code."""
    parts: Iterable[str] = title.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if number % 2 else part,) for number, part in enumerate(parts))
    )


urlpatterns: list[URLPattern] = [path("", page, name="lab"), path("state", state, name="lab-state")]
