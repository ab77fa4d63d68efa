"""Tests of work that is no HTTP request: `test_following.py` in this process, `test_workers.py` with real workers."""
