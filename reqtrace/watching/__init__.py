"""What names people in an application, and whom it names. Open `watch.py` first, then `live.py`, the facts."""
