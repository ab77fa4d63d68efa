"""Work that is no HTTP request: of task queues, commands, consumers. Open `base.py` first, then a plug: `celery.py`."""
