"""The one page of the project's own dashboard."""

import sys

from django.http import HttpRequest, JsonResponse


def own(request: HttpRequest) -> JsonResponse:
    """Tell where every module of this process comes from."""
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.copy().items()}
    return JsonResponse({name: file for name, file in files.items() if file})
