"""The chat's sockets beside Django: an inbox of one's own, and a room for all."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

_django = get_asgi_application()


class Inbox(AsyncJsonWebsocketConsumer):
    """Tells people through the layer what is theirs, and then goes."""

    async def connect(self) -> None:
        """Join the group of whoever connects, and send it a message."""
        await self.accept()
        self.name = self.scope["user"].get_username() or "nobody"
        self.group = f"inbox-{self.name}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.channel_layer.group_send(self.group, {"type": "arrived", "text": f"a letter for {self.name}"})

    async def arrived(self, event: dict[str, Any]) -> None:
        """Hand a message on."""
        await self.send_json({"me": self.name, "text": event["text"]})
        await self.close()

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard(self.group, self.channel_name)


application = ProtocolTypeRouter(
    {"http": _django, "websocket": AuthMiddlewareStack(URLRouter([path("ws/inbox/", Inbox.as_asgi())]))}
)
