"""Where code stands: the frames of the application, without those of Django, the server and reqtrace."""

import sys
from types import CodeType, FrameType
from typing import Any

from reqtrace.records import Frame

STACK_FRAMES = 12


def stack_of(frame: FrameType | None) -> list[Frame]:
    """Return the frames of the application from `frame` outwards, innermost first."""
    frames: list[Frame] = []
    while frame is not None and len(frames) < STACK_FRAMES:
        code = frame.f_code
        if is_of_application(code, frame.f_globals.get("__name__", "")):
            frames.append(Frame(code.co_filename, frame.f_lineno, code.co_qualname))
        frame = frame.f_back
    return frames


def view_of(request: Any) -> list[Frame]:
    """Return where the view of a request begins, as a stack of one frame; of none where that cannot be told."""
    view = getattr(getattr(request, "resolver_match", None), "func", None)
    class_ = getattr(view, "view_class", None) or getattr(view, "cls", None)  # Django's, and REST framework's
    handler: Any = view if class_ is None else getattr(class_, request.method.lower(), None)
    while hasattr(handler, "__wrapped__"):  # decorators
        handler = handler.__wrapped__
    code = getattr(handler, "__code__", None)
    return [Frame(code.co_filename, code.co_firstlineno, code.co_qualname)] if isinstance(code, CodeType) else []


def frame_of(coroutine: Any) -> Frame | None:
    """Return where a coroutine of the application stands; None for anybody else's."""
    code, frame = getattr(coroutine, "cr_code", None), getattr(coroutine, "cr_frame", None)
    if not isinstance(code, CodeType) or frame is None:
        return None
    if not is_of_application(code, frame.f_globals.get("__name__", "")):
        return None
    return Frame(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_qualname)


def is_of_application(code: CodeType, module: str) -> bool:
    """Tell whether code of a module is the application's own: neither Python's, nor a library's, nor ours."""
    top = module.partition(".")[0]
    return (
        top not in _NOT_APPLICATION
        and top not in sys.stdlib_module_names
        and "site-packages" not in code.co_filename
        and not code.co_filename.startswith("<")
    )


_NOT_APPLICATION = frozenset(
    {"reqtrace", "django", "asgiref", "gunicorn", "uvicorn", "daphne", "hypercorn", "waitress"}
)
