"""The places where applications keep the current request or user, one file a kind. Open `base.py` first."""
