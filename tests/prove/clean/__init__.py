"""Five projects without a leak, each around a library that people build on. Open `base.py` first."""
