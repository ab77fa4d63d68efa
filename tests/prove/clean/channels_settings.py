"""A chat of Channels', with a layer in memory."""

from tests.prove.clean.base import *  # noqa: F403

ROOT_URLCONF = "tests.prove.clean.channels_urls"
ASGI_APPLICATION = "tests.prove.clean.channels_asgi.application"
INSTALLED_APPS = [*APPS, "channels"]  # noqa: F405
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
