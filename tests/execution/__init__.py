"""Threads, tasks, greenlets and processes."""
