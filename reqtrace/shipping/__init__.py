"""Off the request path: one thread per process carries what was noted to the store. Open `shipper.py` first."""
