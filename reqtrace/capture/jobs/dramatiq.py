"""Dramatiq: what a broker tells its middleware; the header stands in the message's options."""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from reqtrace.capture.jobs import base, message


class Dramatiq(base.Plug):
    """Follows the messages that Dramatiq's worker threads process.

    Not as a middleware of a broker: there may be several, some made before we came and some after. All of them tell
    their middleware through the same two methods, of which ours hear first and last.
    """

    modules = ("dramatiq.broker",)

    def join(self, module: ModuleType) -> None:
        """Hear what brokers tell."""
        class_ = module.Broker
        class_.emit_before = self._before(class_.emit_before)
        class_.emit_after = self._after(class_.emit_after)

    def _before(self, emit: Callable[..., None]) -> Callable[..., None]:
        @wraps(emit)
        def before(broker: Any, signal: str, *args: Any, **kwargs: Any) -> None:
            if signal == "enqueue" and args and (text := base.header()) is not None:
                # A retry is sent by the job itself, and a delayed message by the worker: it keeps what it has.
                options = getattr(args[0], "options", None)
                if isinstance(options, dict):
                    options.setdefault(message.HEADER, text)
            if signal == "process_message" and args:
                base.begin(_key(args[0]), lambda: self._told(broker, args[0]))
            emit(broker, signal, *args, **kwargs)

        return before

    def _after(self, emit: Callable[..., None]) -> Callable[..., None]:
        @wraps(emit)
        def after(broker: Any, signal: str, *args: Any, **kwargs: Any) -> None:
            emit(broker, signal, *args, **kwargs)
            if signal in ("process_message", "skip_message") and args:
                base.end(_key(args[0]), "ok" if kwargs.get("exception") is None else "error")

        return after

    def _told(self, broker: Any, sent: Any) -> base.Told:
        return base.Told(
            sent.actor_name,
            sent.queue_name,
            base.worker("dramatiq", "threads"),
            getattr(broker.actors.get(sent.actor_name), "fn", None),
            sent.options.get(message.HEADER),
            sent.options.get("traceparent"),
        )


def _key(sent: Any) -> object:
    return getattr(sent, "message_id", None)
