"""Make the project's database and its people: `python -m tests.dashboard.prepare NAME...`; staff is who says so."""

import sys

import django
from django.core.management import call_command

django.setup()

from django.contrib.auth.models import User  # noqa: E402  Django must be set up first

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    for name in sys.argv[1:]:
        User.objects.create_user(name, password=name, is_staff=name.startswith("staff"))
