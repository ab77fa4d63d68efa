"""Every error that reqtrace raises by name."""


class ReqtraceError(Exception):
    """Base of all errors that reqtrace raises; its text says what was found and what to do."""


class SettingsError(ReqtraceError):
    """A key of the ``REQTRACE`` setting cannot be used; the text names the key, the value and the way out."""


class QueryError(ReqtraceError):
    """A filter cannot be understood; the text names the parameter, the value and what it takes."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class StoreError(ReqtraceError):
    """A store cannot be used at all: its address is wrong, or what lies there is not a store of ours."""


class StoreUnavailable(StoreError):
    """A store did not take or give records this time; nothing of the batch was written, try again."""


class TraceFileError(ReqtraceError):
    """A trace file cannot be read or written; the text names the file and what is wrong with it."""


class LeakBlocked(ReqtraceError):
    """A response is cut off because a leak was found in it and ``ON_LEAK`` is ``block``."""


class DeliveryFailed(ReqtraceError):
    """Traces could not be delivered this time; the same message may go through later."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds that the endpoint asks to be left alone for."""


class MessageRefused(ReqtraceError):
    """An endpoint will not take this message, whenever it comes."""


class MessageTooLarge(MessageRefused):
    """A message is more than can be sent at once; parts of it may go through."""


class DeliveryRefused(ReqtraceError):
    """An endpoint will not take any message; the text says what to mend."""
