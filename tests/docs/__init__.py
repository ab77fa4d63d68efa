"""Whether the documentation does as it says; open `blocks.py` first."""
