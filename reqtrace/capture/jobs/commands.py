"""The project's own `manage.py` commands: work that a clock starts, or a person."""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from reqtrace.capture.jobs import base
from reqtrace.execution.stacks import is_of_application


class Commands(base.Plug):
    """Follows commands of the application; those of Django and of libraries, servers and workers too, it lets be."""

    modules = ("django.core.management.base",)

    def join(self, module: ModuleType) -> None:
        """Wrap what runs a command."""
        module.BaseCommand.execute = self._executing(module.BaseCommand.execute)

    def _executing(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(execute)
        def executing(command: Any, /, *args: Any, **options: Any) -> Any:  # `shell` has an option `command`, too
            handle, module = type(command).handle, type(command).__module__
            code = getattr(handle, "__code__", None)
            if code is None or not is_of_application(code, module):
                return execute(command, *args, **options)
            name = module.rpartition(".")[2]
            with base.followed(lambda: base.Told(name, "", base.worker("manage.py", "command"), handle)):
                return execute(command, *args, **options)

        return executing
