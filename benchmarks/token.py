"""A view of Django REST framework's, which finds its user by a token."""

from rest_framework.authentication import TokenAuthentication
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response


@api_view()
@authentication_classes([TokenAuthentication])
def greet(request: Request) -> Response:
    """Greet whoever brings a token, and everybody else, too."""
    return Response({"hello": request.user.get_username()})
