"""What the doctor looks for, one file each: source in, diagnoses out. Open `uncleared.py` first, the classic leak."""
