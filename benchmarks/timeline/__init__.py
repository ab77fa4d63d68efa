"""How smoothly the timeline draws, and how soon; `python -m benchmarks.timeline` is the one command."""
