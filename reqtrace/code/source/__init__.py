"""Code read from its source, without being run. Open `sources.py` first, then `effects.py`: what a function does."""
