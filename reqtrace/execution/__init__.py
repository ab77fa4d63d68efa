"""Who runs this line now: process, thread, task and greenlet. Open `places.py` first."""
