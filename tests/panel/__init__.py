"""The panel in the toolbar."""
