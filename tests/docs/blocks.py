"""The blocks of code in README and documentation, as they stand there."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"# ([\w/]+\.py)(, at its end)?\n")


class Block(NamedTuple):
    """A fenced block."""

    page: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Say where it stands."""
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Return what is typed in a terminal, each with what it is said to print."""
        told = re.split(r"^(?:[\w-]+)?\$ ", self.text, flags=re.MULTILINE)[1:]
        return [(typed.strip(), said) for typed, _, said in (one.partition("\n") for one in told)]

    def write(self, folder: Path) -> bool:
        """Write the file that its first line names, or add to its end; tell whether it names one."""
        named = _NAMED.match(self.text)
        if named is None:
            return False
        path = folder / named[1]
        before = path.read_text() if named[2] else ""
        path.write_text(before + self.text)
        return True


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT))
    return [Block(name, text.count("\n", 0, one.start()) + 1, one[1], one[2]) for one in _BLOCK.finditer(text)]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
