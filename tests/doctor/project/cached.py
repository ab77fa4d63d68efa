"""Personal pages in the cache; the end of a line says what the doctor must find there."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.vary import vary_on_cookie


@cache_page(60)  # expect: cached-without-vary hazard
def personal(request):
    return HttpResponse(request.user.email)


@cache_page(60)  # expect: cached-without-vary hazard
@login_required
def members(request):
    return HttpResponse("members only")


@method_decorator(cache_page(60), name="dispatch")  # expect: cached-without-vary hazard
class Cart(View):
    def get(self, request):
        return HttpResponse(self.request.session["cart"])


@cache_page(60)
@vary_on_cookie
def varying(request):
    return HttpResponse(request.user.email)


@cache_page(60)
@cache_control(private=True)
def private(request):
    return HttpResponse(request.user.email)


@cache_page(60)
def search(request):
    return HttpResponse(request.GET["q"])


@login_required
@cache_page(60)
def same_for_all_members(request):
    return HttpResponse("hello")


def profile(request):
    return HttpResponse(request.user.email)


class Profile(View):
    def get(self, request):
        return HttpResponse(request.user.email)


urlpatterns = [
    path("profile", profile),
    path("varying", cache_page(60)(vary_on_cookie(profile))),
    path("wrapped", cache_page(60)(profile)),  # expect: cached-without-vary hazard
    path("class", cache_page(60)(Profile.as_view())),  # expect: cached-without-vary hazard
]
