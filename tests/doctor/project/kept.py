"""Requests and users kept where everybody shares them; the end of a line says what the doctor must find there."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.syndication.views import Feed
from django.http import HttpResponse
from django.views import View

last_user = None
state = {}


class Current:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        self.request = request  # expect: kept-on-instance hazard
        self.user = user  # expect: kept-on-instance hazard
        self.user_id = getattr(request, "user", None).pk  # expect: kept-on-instance hazard
        self.path = request.path  # expect: kept-on-instance notice
        setattr(self, "session", request.session)  # noqa: B010  # expect: kept-on-instance hazard
        return self.get_response(request)


def current(get_response):
    user = None

    def inner(request):
        nonlocal user
        user = request.user  # expect: kept-in-closure hazard
        return get_response(request)

    return inner


class ItemAdmin(admin.ModelAdmin):
    def get_queryset(self, request):
        self.request = request  # expect: kept-on-instance hazard
        return super().get_queryset(request)


class PersonAdmin(UserAdmin):
    def has_add_permission(self, request):
        self.person = request.user  # expect: kept-on-instance hazard
        return True


class ShopConfig(AppConfig):
    def note(self, sender, request, user, **kwargs):
        self.user = user  # expect: kept-on-instance hazard


class News(Feed):
    def get_object(self, request):
        self.request = request  # expect: kept-on-instance hazard


class Mailer:
    def send(self, request):
        self.request = request  # expect: kept-on-instance hazard


mailer = Mailer()


class Choices:
    user = None

    @classmethod
    def use(cls, request):
        cls.user = request.user  # expect: kept-on-class hazard


class Page(View):
    def get(self, request):
        type(self).request = request  # expect: kept-on-class hazard
        self.__class__.user = self.request.user  # expect: kept-on-class hazard
        Choices.user = request.user  # expect: kept-on-class hazard
        return HttpResponse()


def page(request):
    global last_user
    last_user = request.user  # expect: kept-in-module hazard
    state["user"] = request.user  # expect: kept-in-module hazard
    settings.USER = request.user  # expect: kept-in-module hazard
    mailer.user = request.user  # expect: kept-in-module hazard
    return HttpResponse()
