"""An application that works for people in the background, by every queue that reqtrace knows; see `work.py`."""
