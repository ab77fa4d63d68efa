"""What is noted on the request path."""
