"""The cases from the field as pages, each broken and mended. Open `urls.py` first."""
