"""Objects made for one request, which may keep it, and middleware that cleans up: the doctor must find nothing."""

import threading
from contextlib import suppress
from contextvars import ContextVar

from django import forms
from django.contrib import admin
from django.contrib.auth.backends import ModelBackend
from django.views import View

names = {}
visits = 0
current_user = ContextVar("current_user", default=None)
_locals = threading.local()


class Page(View):
    def setup(self, request, *args, **kwargs):
        self.request = request
        self.user = request.user
        self.form.request = request


class Form(forms.Form):
    def __init__(self, *args, request=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        self.user = request.user


class Items(admin.TabularInline):
    def get_formset(self, request, obj=None, **kwargs):
        self.request = request
        return super().get_formset(request, obj, **kwargs)


class Backend(ModelBackend):
    def authenticate(self, request, **credentials):
        self.request = request


class Service:
    def __init__(self, request):
        self.request = request

    def use(self, request):
        self.request = request


class Current:
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        self.count = 0

    async def __call__(self, request):
        self.count += 1
        request.service = Service(request)
        token = current_user.set(request.user)
        try:
            response = await self.get_response(request)
        finally:
            current_user.reset(token)
        self.last_status = response.status_code
        return response


class Local:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        _locals.request = request
        _locals.depth = 0
        try:
            return self.get_response(request)
        finally:
            with suppress(AttributeError):
                del _locals.request


def page(request):
    global visits
    visits += 1
    names[request.user.pk] = request.user.first_name
