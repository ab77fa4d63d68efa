"""The measured project as servers load it: ``wsgi`` and ``asgi``, with scenario and case named in the environment.

The ``Cookie`` header of its visitor is left in the file ``cookie``, once everything is ready.
"""

import os
from pathlib import Path

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.utils.module_loading import import_string

from benchmarks import site
from benchmarks.cases.known import CASES
from benchmarks.scenarios import SCENARIOS

_directory = Path(os.environ["BENCHMARK_DIRECTORY"])
_cookie = site.set_up(
    SCENARIOS[os.environ["BENCHMARK_SCENARIO"]],
    import_string(CASES[os.environ["BENCHMARK_CASE"]])(),
    _directory,
)
wsgi = WSGIHandler()
asgi = ASGIHandler()
(_directory / "cookie").write_text(_cookie)
