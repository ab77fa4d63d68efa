"""Each request with its findings beside it, in the order of their end: for formats in which one belongs to the other.

A store gives requests only about in that order, and findings after them. What is too much to hold waits in a
temporary SQLite file meanwhile, so memory stays the same however long the trace is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import batched
from typing import NamedTuple

import msgspec

from reqtrace.exporters.base import Source
from reqtrace.records import Finding, Request

_LATEST_NS = 2**62
"""In the year 2116. What lies beyond it, or as far before 1970, is drawn there: the files of others hold 64 bits."""
