"""The live page of reqtrace: `feed` follows the store, `views` and `consumers` are the doors to a browser."""
