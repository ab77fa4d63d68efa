"""Holders that a middleware fills for a request and does not clear on every way out."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from reqtrace.code.grades import Grade
from reqtrace.code.source.effects import Effect, Tracker
from reqtrace.code.source.flow import last_name
from reqtrace.code.source.holders import Kind
from reqtrace.code.source.middlewares import Middleware, find_middlewares
from reqtrace.code.source.scopes import Function, decorators, is_async
from reqtrace.doctor.base import Code, Diagnosis, Examination, Level, Project

_OF_THREADS: tuple[Kind, ...] = ("threading.local", "dict keyed by thread")


class UnclearedHolders(Examination):
    """What is left in a holder is there when the thread, or the context, serves the next person."""

    title: ClassVar[str] = "Holders of the current request or user"
    codes: ClassVar[Mapping[str, Code]] = {
        "never-cleared": Code("hazard", "a middleware sets a holder for each request and never clears it"),
        "set-conditionally-never-cleared": Code(
            "hazard", "it sets it for some requests only; the others read the last user"
        ),
        "cleared-outside-finally": Code("notice", "it clears it on the good way out only"),
        "thread-local-in-async": Code("hazard", "a thread-local is set in async code"),
        "context-kept-by-uvicorn": Code("notice", "pipelined requests under uvicorn inherit it"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Follow each middleware from `get_response` outwards, then everything else that is handed a request."""
        tracker = Tracker(project.sources)
        if not any(tracker.holders):
            return
        at_the_end = list(_at_the_end(project, tracker))
        filled: set[str] = set()
        for middleware in find_middlewares(project.sources):
            effects = [effect for step in middleware.steps for effect in tracker.effects(*step)]
            filled |= {effect.holder.name for effect in effects}
            yield from _of_middleware(project, middleware, [*effects, *at_the_end])
        yield from _elsewhere(project, tracker, filled)


def _of_middleware(project: Project, middleware: Middleware, effects: Sequence[Effect]) -> Iterator[Diagnosis]:
    last = {(effect.holder.name, effect.slot): index for index, effect in enumerate(effects) if effect.grade}
    for index in last.values():
        effect = effects[index]
        if is_async(middleware.steps[0].function) and effect.holder.kind in _OF_THREADS:
            yield _diagnosis(
                effect,
                "thread-local-in-async",
                "hazard",
                f"{_name(effect)} ({effect.holder.kind}) is set in async code: all requests of the event loop share "
                "its thread, so they read one another's, even if it is cleared.",
                "Keep it in a contextvars.ContextVar, reset by token in a `finally` around `get_response`.",
            )
            continue
        cleared = [
            other
            for other in effects[index + 1 :]
            if not other.grade and other.covers(effect) and not _exclude(effect, other)
        ]
        if any(other.safe for other in cleared):
            continue
        yield _uncleared(effect, effects, cleared)
        if effect.holder.kind not in _OF_THREADS and project.asgi and "uvicorn" in project.versions:
            yield _diagnosis(
                effect,
                "context-kept-by-uvicorn",
                "notice",
                f"uvicorn starts pipelined requests in the context of the one before: they inherit {_name(effect)}.",
                "Reset it in a `finally`, or start uvicorn with --reset-contextvars.",
            )


def _uncleared(effect: Effect, effects: Sequence[Effect], cleared: Sequence[Effect]) -> Diagnosis:
    name, kind = _name(effect), effect.holder.kind
    if cleared:
        message = (
            f"{name} ({kind}) is cleared outside `finally` only ({cleared[-1].module.path.name}:{cleared[-1].line}): "
            "a cancelled or aborted request leaves it to the next one."
        )
        return _diagnosis(effect, "cleared-outside-finally", "notice", message, _fix(effect))
    tests = [
        condition.test
        for condition in effect.conditions
        if condition.test and all(condition in other.conditions for other in effects if other.covers(effect))
    ]
    if tests:
        message = (
            f"{name} ({kind}) is set only where {' and '.join(tests)}, and never cleared: "
            "a request for which that does not hold, an anonymous visitor's say, reads the last user."
        )
        return _diagnosis(effect, "set-conditionally-never-cleared", "hazard", message, _fix(effect))
    message = f"{name} ({kind}) is set for each request and never cleared: the next one on the thread starts with it."
    return _diagnosis(effect, "never-cleared", "hazard", message, _fix(effect))


def _elsewhere(project: Project, tracker: Tracker, filled: set[str]) -> Iterator[Diagnosis]:
    """Look at views, signal handlers and the like; a holder that anything in the project clears is left alone."""
    every = [(function, tracker.effects(module, function)) for module, function in project.sources.functions()]
    cleared = {effect.holder.name for _, effects in every for effect in effects if not effect.grade}
    seen: set[tuple[str, str]] = set()
    for _, effects in every:
        for effect in effects:
            key = (effect.holder.name, effect.slot)
            if effect.grade >= Grade.IDENTITY and effect.holder.name not in cleared | filled and key not in seen:
                seen.add(key)
                yield _uncleared(effect, [effect], [])


def _at_the_end(project: Project, tracker: Tracker) -> Iterator[Effect]:
    """Yield what receivers of `request_finished` clear: under ASGI they run in another context."""
    for module, function in project.sources.functions():
        if any("request_finished" in name for name in decorators(function)):
            yield from (effect._replace(safe=False) for effect in tracker.effects(module, function) if not effect.grade)
    for module in project.sources.modules:
        for call in module.calls:
            if (
                last_name(call.func) == "connect"
                and ast.unparse(call.func).endswith("request_finished.connect")
                and call.args
            ):
                found = project.sources.find(module.dotted(call.args[0]) or "")
                if found and isinstance(found.node, Function):
                    effects = tracker.effects(found.module, found.node)
                    yield from (effect._replace(safe=False) for effect in effects if not effect.grade)


def _exclude(one: Effect, other: Effect) -> bool:
    """Tell whether two effects stand in opposite branches, so that only one of them happens."""
    return any(
        mine.node is its.node and mine.branch is not its.branch for mine in one.conditions for its in other.conditions
    )


def _name(effect: Effect) -> str:
    return f"{effect.holder.name}.{effect.slot}" if effect.slot else effect.holder.name


def _fix(effect: Effect) -> str:
    match effect.holder.kind:
        case "ContextVar":
            return (
                f"Keep the token, `token = {_short(effect)}.set(...)`, and call `{_short(effect)}.reset(token)` "
                "in a `finally` around `get_response`."
            )
        case "dict keyed by thread":
            return f"Replace {_short(effect)} by a contextvars.ContextVar, set and reset by token in a `finally`."
    attribute = f".{effect.slot}" if effect.slot.isidentifier() else "'s attributes"
    return f"Put `get_response` into `try` and delete {_short(effect)}{attribute} in its `finally`."


def _short(effect: Effect) -> str:
    return effect.holder.name.rpartition(".")[2]


def _diagnosis(effect: Effect, code: str, level: Level, message: str, fix: str) -> Diagnosis:
    return Diagnosis(code, level, str(effect.module.path), effect.line, message, fix)
