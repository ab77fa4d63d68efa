"""Something to change, whose changes several libraries keep."""

from auditlog.registry import auditlog
from django.db import models
from simple_history.models import HistoricalRecords


class Note(models.Model):
    """A note of somebody."""

    text = models.CharField(max_length=100)
    history = HistoricalRecords()

    class Meta:
        """Where it belongs."""

        app_label = "crowded"

    def __str__(self) -> str:
        """Say what it says."""
        return self.text


auditlog.register(Note)
