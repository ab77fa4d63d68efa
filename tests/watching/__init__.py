"""Holders, and what they name."""
