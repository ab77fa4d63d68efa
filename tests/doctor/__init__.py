"""What source says."""
