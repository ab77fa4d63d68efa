"""A project with a leak of each kind, and the same pages mended: what ``reqtrace stress`` is tried on."""
