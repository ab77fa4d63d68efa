"""The live page of reqtrace: follows the store and shows it in a browser."""
