"""Makes the crowded project's tables and people; prints their sessions and tokens."""

import json

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sites.models import Site  # noqa: E402
from django.core.management import call_command  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from sitetree.models import Tree, TreeItem  # noqa: E402
from wagtail.models import Locale  # noqa: E402

PEOPLE = ("alice", "bob", "carol", "dave", "erin")

call_command("migrate", run_syncdb=True, verbosity=0)
Site.objects.get_or_create(pk=1, defaults={"domain": "127.0.0.1", "name": "site"})
Locale.objects.get_or_create(language_code="en")
tree = Tree.objects.create(alias="main", title="Main")
for page in ("menu", "plain", "quote"):
    TreeItem.objects.create(title=page, url=f"/{page}/", tree=tree, alias="trunk" if page == "menu" else None)
sessions = {}
for name in PEOPLE:
    user = User.objects.create_user(
        name, f"{name}@example.com", "x", is_staff=name == "alice", is_superuser=name == "alice"
    )
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    sessions[name] = (session.session_key, Token.objects.create(user=user).key)
print(json.dumps(sessions))
