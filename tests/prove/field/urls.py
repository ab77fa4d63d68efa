"""Each case at its number: ``/f2/broken/`` and ``/f2/mended/``; what is no leak has no broken page."""

from django.urls import path

from tests.prove.field import kept, meanwhile, shown
from tests.prove.field.middleware import reset_in_the_end, set_and_removed

urlpatterns = [
    path("f1/menu/", shown.menu),
    path("f1/service/", shown.priced),
    path("f2/broken/", kept.Profile()),
    path("f2/mended/", kept.OwnProfile.as_view()),
    path("f3/broken/", kept.retained),
    path("f3/mended/", kept.released),
    path("f4/broken/", kept.checked),
    path("f4/mended/", kept.checked_anew),
    path("f5/broken/", meanwhile.pooled),
    path("f5/mended/", meanwhile.pooled_anew),
    path("f6/broken/", kept.late),
    path("f6/mended/", kept.handed_on),
    path("f7/broken/", kept.few),
    path("f7/mended/", kept.few_mended),
    path("f8/broken/", shown.cached),
    path("f8/mended/", shown.cached_by_cookie),
    path("f9/broken/", meanwhile.in_context),
    path("f9/mended/", meanwhile.in_context),
    path("f10/broken/", set_and_removed(meanwhile.taken_away)),
    path("f10/mended/", set_and_removed(meanwhile.own)),
    path("f11/broken/", reset_in_the_end(meanwhile.streamed)),
    path("f11/mended/", reset_in_the_end(meanwhile.streamed_for)),
    path("f12/broken/", shown.by_token),
    path("f12/mended/", shown.by_own_token),
    path("f13/broken/", kept.cached_by_request),
    path("f13/mended/", kept.computed),
    path("f14/broken/", shown.fragment),
    path("f14/mended/", shown.own_fragment),
    path("f15/broken/", shown.loaded),
    path("f15/mended/", shown.loaded_anew),
    path("f16/public/", shown.public),
]
