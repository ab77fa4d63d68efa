"""Sentry's SDK with tracing on, its envelopes serialised as for the wire and then thrown away."""

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from benchmarks.cases.base import Case


class _SerialisingTransport(Transport):
    """Does the transport's work up to the socket."""

    def capture_envelope(self, envelope: Envelope) -> None:
        envelope.serialize()


class Sentry(Case):
    """As its documentation installs it, with every request traced."""

    def start(self) -> None:
        """Initialise the SDK, which finds Django by itself."""
        sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", traces_sample_rate=1.0, transport=_SerialisingTransport)
