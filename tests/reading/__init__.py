"""What was stored, read again."""
