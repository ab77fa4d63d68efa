"""The measured project as servers load it: ``wsgi`` and ``asgi``, with scenario and case named in the environment.

What its visitor sends along is left in the file ``headers``, as HTTP/1.1 writes it, once everything is ready.
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
_headers = site.set_up(
    SCENARIOS[os.environ["BENCHMARK_SCENARIO"]],
    import_string(CASES[os.environ["BENCHMARK_CASE"]])(),
    _directory,
)
wsgi = WSGIHandler()
asgi = ASGIHandler()
(_directory / "headers").write_text("".join(f"{name}: {value}\r\n" for name, value in _headers.items()))
