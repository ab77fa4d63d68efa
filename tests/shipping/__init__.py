"""The thread that ships what was noted."""
