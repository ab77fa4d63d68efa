"""``reqtrace dashboard``: the live page, in a process of its own."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from reqtrace.cli import base
from reqtrace.exceptions import ReqtraceError

_LABEL = "reqtrace_dashboard"
_NAMES = ("reqtrace.dashboard", "dashboard")
_EXTRA = ("channels", "daphne", "twisted", "autobahn")


class Command(base.Subcommand):
    """Finds the dashboard app and lets it serve."""

    help = "Serve the live page in a process of its own, beside any server, until Ctrl-C."
    examples = "dashboard\ndashboard --link\ndashboard --host 0.0.0.0 --port 9000"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare where to listen, and how people come in."""
        add_address(parser)
        parser.add_argument(
            "--no-browser",
            action="store_true",
            help="do not open the link that it prints as it starts; without a terminal it does not anyway",
        )
        parser.add_argument(
            "--link",
            action="store_true",
            help="print a link that signs in once, within ten minutes, at a dashboard that runs; then end",
        )

    def run(self, options: Mapping[str, Any]) -> None:
        """Serve."""
        if options["link"]:
            host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
            token = import_module(f"{dashboard_package()}.door.links").new_token()
            self.terminal.line(f"http://{host}:{options['port']}/sign-in/{token}/")
            return
        opens = not options["no_browser"] and sys.stdin.isatty() and sys.stdout.isatty()
        server().serve(host=options["host"], port=options["port"], opens=opens)


def add_address(parser: ArgumentParser) -> None:
    """Declare where to listen."""
    parser.add_argument("--host", default="127.0.0.1", help="where to listen; default: 127.0.0.1")
    parser.add_argument("--port", type=_port, default=8765, help="where to listen; default: 8765")


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**16:
        raise ArgumentTypeError(f"{text} is no port; there are 1 to 65535, and 0 for any that is free")
    return number


def server() -> Any:
    """Return the module that serves the dashboard.

    Raises:
        ReqtraceError: when something is missing for that.

    """
    try:
        return import_module(f"{dashboard_package()}.server")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise ReqtraceError(
            f'The dashboard needs {error.name}, which is not installed: pip install "django-reqtrace[dashboard]".'
        ) from error


def dashboard_package() -> str:
    """Return the dashboard's dotted name: the wheel's, or that of a checkout.

    In a checkout it is a top-level ``dashboard``, which could as well be an app of the project's own: its label tells.
    """
    for name in _NAMES:
        if find_spec(name) and find_spec(f"{name}.apps"):
            apps = import_module(f"{name}.apps")
            if any(getattr(value, "label", None) == _LABEL for value in vars(apps).values()):
                return name
    raise ReqtraceError('The dashboard is not installed: pip install "django-reqtrace[dashboard]".')
