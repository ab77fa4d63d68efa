"""What a project's source says without being run. Open `examine.py` first, then one examination."""
