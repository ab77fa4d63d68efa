"""How two requests take turns in one process: on threads, as tasks. Open `threads.py` first."""
