"""The shop, its tour and its lab."""
