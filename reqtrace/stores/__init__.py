"""Where records lie: a line with positions that all processes append to. Open `base.py` first, the contract."""
