"""Django alone: what everything else is compared with, and, measured twice, how far two equal things differ."""

from benchmarks.cases.base import Case


class Bare(Case):
    """No middleware at all."""
