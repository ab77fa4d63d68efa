"""``reqtrace prove``, against a project whose pages are broken and mended in one and the same way."""
