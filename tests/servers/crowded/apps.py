"""The application of the crowded project."""

from django.apps import AppConfig


class CrowdedConfig(AppConfig):
    """Registers what the libraries want to be told."""

    name = "tests.servers.crowded"
    label = "crowded"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register."""
        import reversion

        from tests.servers.crowded.change_logging import connect
        from tests.servers.crowded.models import Note

        reversion.register(Note)
        connect()
