"""A router with what is everybody's and what is one's own."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.urls import include, path
from rest_framework import permissions, routers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response


class GroupSerializer(serializers.ModelSerializer[Group]):
    """A group."""

    class Meta:
        """All of it."""

        model = Group
        fields = ("url", "name")


class UserSerializer(serializers.ModelSerializer[User]):
    """Oneself."""

    class Meta:
        """What may be seen."""

        model = User
        fields = ("url", "username", "email")


class GroupViewSet(viewsets.ModelViewSet[Group]):
    """Groups are everybody's."""

    queryset = Group.objects.order_by("name")
    serializer_class = GroupSerializer
    permission_classes = (permissions.IsAuthenticatedOrReadOnly,)


class UserViewSet(viewsets.ReadOnlyModelViewSet[User]):
    """Everybody sees themselves."""

    serializer_class = UserSerializer
    permission_classes = (permissions.IsAuthenticated,)

    def get_queryset(self) -> QuerySet[User]:
        """Return whoever asks."""
        return User.objects.filter(pk=self.request.user.pk)

    @action(detail=False)
    def me(self, request: Request) -> Response:
        """Say who asks."""
        said: dict[str, Any] = {"me": request.user.get_username()}
        return Response(said)


router = routers.DefaultRouter()
router.register("groups", GroupViewSet)
router.register("users", UserViewSet, basename="user")
urlpatterns = [path("api/", include(router.urls)), path("sign-in/", include("rest_framework.urls"))]
