"""Makes the database with its people in it, and prints their session cookies as JSON.

Run as ``python -m demo.lab.field.prepare``, with ``FIELD_DATABASE`` naming the file.
"""

import json
import os
from importlib import import_module

import django
from django.conf import settings
from django.core.management import call_command

PEOPLE = ("alice", "bob", "carol", "dave")


def main() -> None:
    """Make it, and print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.lab.field.project")
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User

    settings.MIGRATION_MODULES = dict.fromkeys(("auth", "contenttypes", "sessions"))
    call_command("migrate", run_syncdb=True, verbosity=0)
    cookies = {}
    for name in PEOPLE:
        user = User.objects.create_user(name)
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        cookies[name] = session.session_key
    print(json.dumps(cookies))


if __name__ == "__main__":
    main()
