"""What code can do to the places where people are kept. Open `knowledge.py` first, then `bytecode.py`, `places.py`.

`source/` reads code that is not loaded, for the doctor.
"""
