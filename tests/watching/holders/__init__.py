"""Holders, one kind and one library at a time."""
