"""Show which Django requests share a thread, and whether their identities get mixed up."""

__version__ = "0.1.0"
