"""What stands in front of the view while it is measured: one file per case."""
