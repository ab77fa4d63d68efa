"""Traces out of files, packed or not, that `open` shows and `export` wrote. Open `traces.py` first."""
