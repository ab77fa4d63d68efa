"""Traces in the formats of other tools, one file each. Open `base.py` first; `assembly.py` is what several share."""
