"""How old a line's entries are, whatever happens to the clock that tells it."""

import random

import pytest

from reqtrace.stores.clock import MARKS, Clock


class Line:
    """A line that grows by one position a second, and its clock."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.now = self.wall = 43_200.0
        self.clock = Clock(lambda: self.wall)
        self.cut = 0

    def aged(self, seconds: float) -> int:
        """Return what is so old, and was so already."""
        self.cut = max(self.cut, self.clock.aged(int(self.now), seconds))
        return self.cut

    def pass_by(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
        self.wall += seconds


@pytest.fixture
def line() -> Line:
    """Return a line."""
    return Line()


def test_what_is_older_is_known_within_a_tenth_and_few_moments_are_kept(line: Line) -> None:
    numbers = random.Random(7)
    for step in range(2_000):
        line.pass_by(numbers.uniform(0.5, 5))
        cut = line.aged(100)
        assert line.now - max(cut, 43_100) >= 100, "something younger went"
        assert step < 100 or line.now - cut < 110
        assert len(line.clock._marks) <= MARKS + 2


@pytest.mark.parametrize("jump", [-86_400, 86_400], ids=["back", "ahead"])
def test_a_clock_that_is_set_lets_nothing_stay_for_longer_than_it_may_from_then_on(line: Line, jump: int) -> None:
    for _ in range(200):
        line.pass_by(1)
        line.aged(100)
    line.wall += jump
    set_at = line.now
    for _ in range(300):
        line.pass_by(1)
        assert line.now - max(line.aged(100), set_at) < 110


def test_a_clock_that_was_ahead_for_a_while_holds_nothing_up(line: Line) -> None:
    for second in range(400):
        line.pass_by(1)
        if second == 100:
            line.wall += 86_400
        if second == 120:
            line.wall -= 86_400
        cut = line.aged(100)
    assert line.now - cut < 110
