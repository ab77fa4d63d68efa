"""The project's own app, whose name the checkout of reqtrace has, too."""
