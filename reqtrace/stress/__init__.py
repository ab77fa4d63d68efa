"""Many people at once against a project's own pages. Open `run.py` first."""
