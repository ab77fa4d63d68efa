"""The subcommands of ``manage.py reqtrace``, one file each. Open `base.py` first."""
