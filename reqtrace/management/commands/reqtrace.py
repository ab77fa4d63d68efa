"""``manage.py reqtrace``: hands its arguments to a subcommand in `reqtrace.cli`."""

import os
import signal
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reqtrace import conf
from reqtrace.cli.base import subcommands
from reqtrace.cli.terminal import Terminal, silence, wants_colour
from reqtrace.exceptions import QueryError, ReqtraceError
from reqtrace.printable import concealed, printable
from reqtrace.stores import registry


class Command(BaseCommand):
    """Exits with 0 when done, 1 when it could not be done, 2 when the arguments were wrong."""

    help = "Show which requests share a thread, and whether their identities get mixed up."
    # A broken store is what some of these commands are called to explain; they say it themselves.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare every subcommand with its options."""
        choices = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND", title="subcommands")
        for name, subcommand in subcommands().items():
            examples = "".join(f"\n  manage.py reqtrace {line}" for line in subcommand.examples.splitlines())
            subcommand.add_arguments(
                choices.add_parser(
                    name,
                    help=subcommand.help,
                    description=subcommand.help,
                    epilog=f"examples:{examples}" if examples else None,
                    formatter_class=RawDescriptionHelpFormatter,
                )
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the subcommand and turn its errors into messages."""
        # Not `self.stdout`, which adds line feeds and colours of its own, and takes no bytes.
        stdout, stderr = options.get("stdout") or sys.stdout, options.get("stderr") or sys.stderr
        terminal = Terminal(stdout, stderr, coloured=wants_colour(stdout, options, os.environ))
        for problem in registry.problems():
            terminal.note(problem)
        try:
            with _ended_by_sigterm():
                subcommands()[options["subcommand"]](terminal).run(options)
            terminal.flush()
        except QueryError as error:
            raise CommandError(printable(error), returncode=2) from error
        except ReqtraceError as error:
            raise CommandError(printable(error)) from error
        except BrokenPipeError:  # `| head` has seen enough
            silence(stdout)
        except KeyboardInterrupt as ended:
            sys.exit(128 + (ended.args[0] if ended.args else signal.SIGINT))
        except Exception as error:  # of a store of the project's own, which may quote its address as it fails
            said = f"{type(error).__name__}: {error}"
            if (fit := concealed(said, conf.get().store)) != said:
                raise CommandError(printable(fit)) from None
            raise
        finally:
            registry.close_stores()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the subcommand as Ctrl-C does, so that it cleans up after itself and says what it has to."""

    def end(number: int, _: object) -> None:
        raise KeyboardInterrupt(number)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not on the main thread, which alone gets signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
