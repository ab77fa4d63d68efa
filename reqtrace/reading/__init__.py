"""What was stored is read, filtered and paged, for every way out. Open `reader.py` first, then `queries.py`."""
