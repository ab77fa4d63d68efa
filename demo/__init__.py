"""A small shop to watch with reqtrace: several people, several servers, every kind of view."""
