"""What a clock starts every night."""

from typing import Any

from django.core.management.base import BaseCommand

from tests.capture.jobs.shop import work


class Command(BaseCommand):
    """Writes to one person after another."""

    def add_arguments(self, parser: Any) -> None:
        """Take people and how to go on."""
        parser.add_argument("how")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work."""
        work.mail(1, options["how"])
