"""The measured project as servers load it: ``wsgi`` and ``asgi``, with scenario and case named in the environment."""

import os
from pathlib import Path

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.utils.module_loading import import_string

from benchmarks import site
from benchmarks.cases.known import CASES
from benchmarks.scenarios import SCENARIOS

site.set_up(
    SCENARIOS[os.environ["BENCHMARK_SCENARIO"]],
    import_string(CASES[os.environ["BENCHMARK_CASE"]])(),
    Path(os.environ["BENCHMARK_DIRECTORY"]),
)
wsgi = WSGIHandler()
asgi = ASGIHandler()
