"""A project with a page of each kind that breaks, the same page mended, and pages that are easy to judge wrongly."""
