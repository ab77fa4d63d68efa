"""A project that uses, all at once, the libraries that keep the current request or user. Open `views.py` first."""
