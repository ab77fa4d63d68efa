"""A project's modules, parsed and never imported, and how names lead from one to another."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function

_HOPS = 8
"""How many re-exports are followed from one module to the next."""


class Definition(NamedTuple):
    """A function or a class, and where it stands."""

    module: Module
    node: Function | ast.ClassDef


class Sources:
    """The modules of a project, and on demand those of the libraries it builds on."""

    def __init__(self, modules: Iterable[Module], library: Callable[[str], Module | None] = lambda name: None) -> None:
        """Take the project's own modules, and a way to get another module by its dotted name."""
        self.modules = tuple(modules)
        self._library = library
        self._by_name: dict[str, Module | None] = {module.name: module for module in self.modules}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._own = frozenset(self.modules)

    def is_own(self, module: Module) -> bool:
        """Tell whether a module belongs to the project itself."""
        return module in self._own

    def functions(self) -> Iterator[tuple[Module, Function]]:
        """Yield every function of the project's own modules, nested ones, too."""
        return ((module, function) for module in self.modules for function in module.functions)

    def classes(self) -> Iterator[tuple[Module, ast.ClassDef]]:
        """Yield every class of the project's own modules."""
        return ((module, node) for module in self.modules for node in module.classes)

    def find(self, dotted: str) -> Definition | None:
        """Return the function or class behind a dotted name, through re-exports and base classes."""
        dotted = self.resolve(dotted)
        module, rest = self._split(dotted)
        node = module.definitions.get(rest) if module else None
        if module and isinstance(node, Function | ast.ClassDef):
            return Definition(module, node)
        owner, _, name = dotted.rpartition(".")
        if module and "." in rest and isinstance(module.definitions.get(rest.rpartition(".")[0]), ast.ClassDef):
            for base in self.bases(owner):
                home, inner = self._split(base)
                member = home.definitions.get(f"{inner}.{name}") if home else None
                if home and isinstance(member, Function | ast.ClassDef):
                    return Definition(home, member)
        return None

    def bases(self, dotted: str) -> tuple[str, ...]:
        """Return the dotted names of all classes that a class derives from, as far as they can be known."""
        if dotted not in self._bases:
            self._bases[dotted] = tuple(self._find_bases(dotted))
        return self._bases[dotted]

    def _find_bases(self, dotted: str) -> Iterator[str]:
        waiting, seen = [self.resolve(dotted)], set[str]()
        while waiting:
            module, rest = self._split(waiting.pop(0))
            node = module.definitions.get(rest) if module else None
            if module and isinstance(node, ast.ClassDef):
                for base in node.bases:
                    name = self.resolve(module.dotted_outside(base) or "")
                    if name and name not in seen:
                        seen.add(name)
                        waiting.append(name)
                        yield name

    def resolve(self, dotted: str) -> str:
        """Return the name under which something was defined, for a name under which it was imported."""
        for _ in range(_HOPS):
            module, rest = self._split(dotted)
            head, dot, tail = rest.partition(".")
            if module is None or head not in module.imports:
                break
            dotted = module.imports[head] + dot + tail
        return dotted

    def _split(self, dotted: str) -> tuple[Module | None, str]:
        """Return the module in a dotted name, and the rest of the name."""
        parts = dotted.split(".")
        for end in range(len(parts), 0, -1):
            module = self._module(".".join(parts[:end]))
            if module:
                return module, ".".join(parts[end:])
        return None, dotted

    def _module(self, name: str) -> Module | None:
        if name not in self._by_name:
            self._by_name[name] = self._library(name)
        return self._by_name[name]
