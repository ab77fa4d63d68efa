"""All kinds by name, and the paths at which they stand: ``/kind/broken/key/`` and ``/kind/clean/key/``."""

from django.http import HttpResponse
from django.urls import path

from demo.lab.field import (
    declared,
    kept_checker,
    kept_user,
    pool_local,
    responses,
    shared_objects,
    stays,
    together,
    values,
    view_object,
)
from demo.lab.field.base import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        view_object.KIND,
        kept_checker.KIND,
        pool_local.KIND,
        *kept_user.KINDS,
        *declared.KINDS,
        *shared_objects.KINDS,
        *stays.KINDS,
        *together.KINDS,
        *responses.KINDS,
        *values.KINDS,
    )
}

urlpatterns = [
    path("alive/", lambda request: HttpResponse("alive")),
    *(path(f"{kind.name}/broken/<key>/", kind.broken) for kind in KINDS.values()),
    *(path(f"{kind.name}/clean/<key>/", kind.clean) for kind in KINDS.values()),
]
