"""Clients of other services made once in a module: what one person's answer leaves in them goes out with the next."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_KEEP_COOKIES = {
    "requests.Session": "cookies and headers",
    "requests.sessions.Session": "cookies and headers",
    "requests.session": "cookies and headers",
    "httpx.Client": "cookies",
    "httpx.AsyncClient": "cookies",
    "aiohttp.ClientSession": "cookies",
    "niquests.Session": "cookies and headers",
    "aiodataloader.DataLoader": "results by key",
    "promise.dataloader.DataLoader": "results by key",
    "strawberry.dataloader.DataLoader": "results by key",
}


class SharedClients(Examination):
    """One client for everybody carries state from one person's call to the next person's."""

    title: ClassVar[str] = "Clients made in a module"
    codes: ClassVar[Mapping[str, Code]] = {
        "shared-client": Code("notice", "an HTTP client that keeps cookies, or a data loader, made once in a module"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at what modules make as they are imported."""
        for module in project.sources.modules:
            for statement in module.tree.body:
                value = getattr(statement, "value", None)
                if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(value, ast.Call):
                    continue
                made = module.dotted(value.func) or ""
                if made in _KEEP_COOKIES:
                    yield Diagnosis(
                        "shared-client",
                        "notice",
                        str(module.path),
                        value.lineno,
                        f"One {made} for the whole process keeps {_KEEP_COOKIES[made]}: what one person's call leaves "
                        "there, the next person's call uses.",
                        "Make one for each request, or for each person; or leave nothing of a person in it.",
                    )
