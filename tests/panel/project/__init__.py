"""The demo shop with the debug toolbar and a leak: what the panel is tried on."""
