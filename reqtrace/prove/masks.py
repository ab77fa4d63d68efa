"""What a page looks like to somebody alone: several samples, and a mask over what differs between them anyway."""

import re
import time
from collections.abc import Sequence
from difflib import SequenceMatcher, unified_diff
from typing import NamedTuple

from reqtrace.prove.schedule import Seen

_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LARGE = 4_000
"""Tokens of one place that are compared one by one; a larger one is masked as a whole."""
_FIGURES = re.compile(r"[\d.,:/+\-\s]*")
_WORD = re.compile(r"[^\s<>\"']*")
_CLOCK = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*, )?"
    r"\d{1,2}[ -](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*[ -]\d{2,4},? "
    r"\d\d:\d\d(?::\d\d)?(?: GMT| [+-]\d{4})?"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: [ap]\.?m\.?)?(?!\w)"
    r"|\b(?P<epoch>\d{10})(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?\b"
    r"|(?<=^Age: )\d+$",
    re.MULTILINE,
)
"""What a clock shows: dates with a time, times, and seconds since 1970, with or without what is smaller."""
_AROUND_NOW_SECONDS = 7 * 24 * 3600
_CONTEXT = 1
_DIFF_LINES = 24


class Gap(NamedTuple):
    """A place that differs, and what stood there."""

    contents: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """What may stand there: figures where only figures did, one word where only words did, else anything."""
        for kind in (_FIGURES, _WORD):
            if all(kind.fullmatch(text) for text in self.contents):
                return f"{kind.pattern}?"
        return ".*?"


class Baseline:
    """All that somebody alone was ever shown of a page."""

    def __init__(self, samples: Sequence[Seen] = ()) -> None:
        """Begin with these."""
        self._texts: dict[str, Seen] = {_timeless(sample): sample for sample in samples}
        self._masks: dict[int, re.Pattern[str]] = {}

    @property
    def samples(self) -> list[Seen]:
        """Return what was shown, each once."""
        return list(self._texts.values())

    def add(self, samples: Sequence[Seen]) -> None:
        """Take in more."""
        self._texts |= {_timeless(sample): sample for sample in samples}
        self._masks.clear()

    def joined(self, samples: Sequence[Seen]) -> "Baseline":
        """Return this one with more samples, and leave it as it is."""
        return Baseline([*self.samples, *samples])

    def explains(self, seen: Seen) -> bool:
        """Tell whether an answer is this page, but for what differs anyway."""
        text = _timeless(seen)
        return text in self._texts or self._mask(seen.status).fullmatch(text) is not None

    def nearest(self, seen: Seen) -> Seen:
        """Return the sample that is most like an answer."""
        alike = [sample for sample in self.samples if sample.status == seen.status]
        return (alike or self.samples)[0]

    def _mask(self, status: int) -> re.Pattern[str]:
        if status not in self._masks:
            texts = [text for text, sample in self._texts.items() if sample.status == status]
            self._masks[status] = mask_of(texts)
        return self._masks[status]


def _timeless(seen: Seen) -> str:
    """Return an answer as one text in which all clocks have stopped: what they show differs anyway, sooner or later."""
    return _CLOCK.sub(_stopped, seen.text)


def _stopped(match: re.Match[str]) -> str:
    seconds = match["epoch"]
    is_time = seconds is None or abs(int(seconds) - time.time()) < _AROUND_NOW_SECONDS
    return "--:--" if is_time else match[0]


def mask_of(texts: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern of what all texts have in common, with gaps for what they have not; none matches no text."""
    if not texts:
        return re.compile(r"(?!)")
    parts: list[str | Gap] = [texts[0]]
    for text in texts[1:]:
        parts = _merged(parts, text)
    pattern = "".join(part.pattern if isinstance(part, Gap) else re.escape(part) for part in parts)
    return re.compile(pattern, re.DOTALL)


def _merged(parts: list[str | Gap], text: str) -> list[str | Gap]:
    """Lay one more text over a mask."""
    match = re.compile(
        "".join(f"({part.pattern})" if isinstance(part, Gap) else re.escape(part) for part in parts), re.DOTALL
    ).fullmatch(text)
    if match is not None:
        contents = iter(match.groups())
        return [Gap((*part.contents, next(contents) or "")) if isinstance(part, Gap) else part for part in parts]
    old = [unit for part in parts for unit in ([part] if isinstance(part, Gap) else _LINE.findall(part))]
    return _aligned(old, _LINE.findall(text), fine=True)


def _aligned(old: list[str | Gap], new: list[str], *, fine: bool) -> list[str | Gap]:
    found: list[str | Gap] = []
    if len(old) > _LARGE or len(new) > _LARGE:
        return [_gap(old, new)]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += old[a:b]
        elif fine and any(isinstance(unit, str) for unit in old[a:b]) and new[c:d]:
            tokens = [unit for part in old[a:b] for unit in ([part] if isinstance(part, Gap) else _TOKEN.findall(part))]
            found += _aligned(tokens, [unit for part in new[c:d] for unit in _TOKEN.findall(part)], fine=False)
        else:
            found.append(_gap(old[a:b], new[c:d]))
    return _closed(found)


def _gap(old: Sequence[str | Gap], new: Sequence[str]) -> Gap:
    before = "".join(unit if isinstance(unit, str) else unit.contents[0] for unit in old)
    older = [content for unit in old if isinstance(unit, Gap) for content in unit.contents]
    return Gap((before, *older, "".join(new)))


def _closed(parts: Sequence[str | Gap]) -> list[str | Gap]:
    """Join gaps that touch."""
    found: list[str | Gap] = []
    for part in parts:
        if isinstance(part, Gap) and found and isinstance(found[-1], Gap):
            found[-1] = Gap((*found[-1].contents, *part.contents))
        else:
            found.append(part)
    return found


def difference(alone: Seen, seen: Seen, person: str) -> list[str]:
    """Return the difference between two pages as lines of a unified diff, cut where it is long."""
    before, after = (_LINE.findall(one.text) for one in (alone, seen))
    lines = [
        line.rstrip("\n")[:200] for line in unified_diff(before, after, f"{person} alone", f"{person} here", n=_CONTEXT)
    ]
    return lines if len(lines) <= _DIFF_LINES else [*lines[:_DIFF_LINES], f"… {len(lines) - _DIFF_LINES} lines more"]
