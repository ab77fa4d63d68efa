"""An application with a page for Wagtail."""
