"""Kinds of mix-ups that people have reported from the field, each broken and clean, on real servers. Open `base.py`."""
