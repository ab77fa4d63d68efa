"""The subcommands of ``manage.py reqtrace``, one file each."""
