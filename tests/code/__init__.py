"""What the code that is loaded can do."""
