"""From facts to findings: who was mixed up with whom, in plain words. Open `judge.py` first, then one detector."""
