"""Run the standalone server on the settings of the environment: `python -m tests.dashboard.serve HOST PORT`."""

import sys

import django

django.setup()

from dashboard.server import serve  # noqa: E402  Django must be set up first
from reqtrace.exceptions import ReqtraceError  # noqa: E402

if __name__ == "__main__":
    try:
        serve(sys.argv[1], int(sys.argv[2]))
    except ReqtraceError as error:
        sys.exit(str(error))
