"""Django signals of reqtrace. Receivers run on the shipper's thread, after the response has gone out."""

from django.dispatch import Signal

request_traced = Signal()
"""Sent with ``request``, a `reqtrace.records.Request`, for each request that is written."""

finding_recorded = Signal()
"""Sent with ``finding``, a `reqtrace.records.Finding`."""
