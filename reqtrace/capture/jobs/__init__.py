"""Work that is no HTTP request: jobs of task queues, and commands. Open `base.py` first, then a plug: `celery.py`."""
