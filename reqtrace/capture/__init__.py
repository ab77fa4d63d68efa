"""On the request path: what is noted of a request while it runs. Open `recorder.py` first."""
