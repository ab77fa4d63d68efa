"""pyinstrument's middleware, with every request profiled."""

import tempfile

from benchmarks.cases.base import Case


class Pyinstrument(Case):
    """As its documentation installs it to profile all requests: a page of HTML for each in a folder."""

    middleware = ("pyinstrument.middleware.ProfilerMiddleware",)

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="reqtrace-bench-")
        self.settings = {"PYINSTRUMENT_PROFILE_DIR": self._folder.name}
