"""How two requests take turns in one process: on threads, as tasks, and at which lines it matters."""
