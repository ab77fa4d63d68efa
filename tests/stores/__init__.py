"""One contract over every store."""
