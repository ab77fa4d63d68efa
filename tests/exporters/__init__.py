"""Every format, held to golden files and real readers."""
