"""Proofs within tests: apart from the test's process, on what it has made, heard by pytest. Open `asked.py` first."""
