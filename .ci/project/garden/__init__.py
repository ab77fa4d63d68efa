"""A project that installs reqtrace from its wheel, as people do."""
