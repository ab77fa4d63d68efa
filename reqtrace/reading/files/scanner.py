"""Goes through a JSON object value by value as its text arrives, so that what stands before a damage is not lost."""

import json
import re
from collections.abc import Iterator
from typing import Any

_GROWTH = 64 * 1024
"""How much text is waited for at least, when the text at hand is not enough."""
_LONGEST = 64 * 1024 * 1024
"""How long one value may be before it counts as a damage: a quote that is missing would take all the rest."""
_SPLIT = 12
"""How far before its end the decoder may refuse text that goes on, as ``\\ud83d\\ude0`` or ``-Infinit``."""
_SPACE = re.compile(r"[ \t\r\n]*")


class Scanner:
    """Looks at a window of the text, which moves on."""

    def __init__(self, blocks: Iterator[str]) -> None:
        """Read from `blocks`."""
        self._blocks = blocks
        self._window = ""
        self._at = 0
        self._began = 0
        self._lines, self._characters = 0, 0
        """How many lines lie before the window, and how much of the one in which it begins."""
        self._decode = json.JSONDecoder().raw_decode

    def place(self) -> str:
        """Say where in the text we are."""
        return self._place(self._at)

    def place_of_value(self) -> str:
        """Say where the last value taken begins."""
        return self._place(self._began)

    def value(self) -> Any:
        """Return the next value.

        Raises:
            ValueError, IndexError, RecursionError: when there is none, or it is damaged.

        """
        self._skip()
        while True:
            try:
                value, end = self._decode(self._window, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or error.pos >= len(self._window) - _SPLIT
                if not is_cut or not self._more():
                    raise
            else:
                if end < len(self._window) or not self._more():  # a number may go on
                    self._began, self._at = self._at, end
                    return value

    def names(self) -> Iterator[Any]:
        """Yield the names in an object; the value of each is to be taken before the next."""
        for _ in self._until("{", "}"):
            key = self.value()
            self._take(":")
            yield key

    def values(self) -> Iterator[Any]:
        """Yield the values of an array."""
        for _ in self._until("[", "]"):
            yield self.value()

    def _until(self, opening: str, closing: str) -> Iterator[None]:
        self._take(opening)
        if self._next() != closing:
            yield
            while self._next() != closing:
                self._take(",")
                yield
        self._take(closing)

    def _next(self) -> str:
        self._skip()
        return self._window[self._at]

    def _skip(self) -> None:
        while True:
            match = _SPACE.match(self._window, self._at)
            assert match is not None
            self._at = match.end()
            if self._at < len(self._window) or not self._more():
                return

    def _take(self, char: str) -> None:
        if self._next() != char:
            raise ValueError(f"no {char}")
        self._at += 1

    def _more(self) -> bool:
        """Move the window on to where we are, and let it grow: twice as long each time, as long as a value takes."""
        rest = self._window[self._at :]
        parts, wanted = [rest], max(_GROWTH, len(rest))
        while wanted > 0 and len(rest) <= _LONGEST and (block := next(self._blocks, "")):
            parts.append(block)
            wanted -= len(block)
        if len(parts) == 1:
            return False
        gone = self._window[: self._at]
        self._lines += gone.count("\n")
        self._characters = len(gone) - 1 - gone.rfind("\n") + (0 if "\n" in gone else self._characters)
        self._window, self._at = "".join(parts), 0
        return True

    def _place(self, at: int) -> str:
        before = self._window[:at]
        characters = at - 1 - before.rfind("\n") + (0 if "\n" in before else self._characters)
        return f"line {self._lines + before.count(chr(10)) + 1:,}, character {characters + 1:,}"
