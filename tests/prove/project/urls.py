"""Each broken page stands beside its mended twin; the environment says where a broken one is mended, too."""

import os

from django.urls import path

from tests.prove.project import broken, odd

IS_MENDED = os.environ.get("PROVE_MENDED") == "1"

urlpatterns = [
    path("leftover/broken/", broken.set_for_all if IS_MENDED else broken.leftover),
    path("leftover/mended/", broken.set_for_all),
    path("overwritten/broken/", broken.locked if IS_MENDED else broken.overwritten),
    path("overwritten/mended/", broken.locked),
    path("twice/broken/", broken.twice),
    path("fragment/broken/", broken.fragment),
    path("fragment/mended/", broken.own_fragment),
    path("loader/broken/", broken.loader),
    path("loader/mended/", broken.own_loader),
    path("crowd/broken/", broken.crowd),
    path("crowd/mended/", broken.no_crowd),
    path("awaited/broken/", broken.in_context if IS_MENDED else broken.awaited),
    path("awaited/mended/", broken.in_context),
    path("changing/", odd.changing),
    path("everybody/", odd.everybody),
    path("last/", odd.last_visitor),
    path("outgoing/", odd.outgoing),
    path("api/", odd.api),
    path("fails/", odd.broken),
    path("fails/people/", odd.broken_for_people),
    path("people/<int:pk>/", odd.everybody),
]
