"""Who comes in: at the socket (`visitor`), and at the standalone server by its own `sessions`, `links` and patience."""
