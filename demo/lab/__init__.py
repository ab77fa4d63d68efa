"""The server lab: what threads, tasks and greenlets do to "the current request" under each Django server, measured."""
