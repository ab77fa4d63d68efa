"""The lab of workers: one task under every queue, beside its own log. Open `run.py` first."""
