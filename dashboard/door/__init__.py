"""What lets people in at the standalone server: its own sessions, links that work once, patience with guesses."""
