"""What code can do to the places where people are kept. Open `source/` first: code that is read without being run."""
