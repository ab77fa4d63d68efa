"""Every order and interleaving of people's requests, each against a fresh process. Open `exploration.py` first."""
