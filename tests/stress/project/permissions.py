"""An authentication backend as django-guardian's: it grants permissions, and knows no users."""


class PermissionsAlone:
    """Grants nothing."""

    def authenticate(self, request: object, **_: object) -> None:
        """Sign nobody in."""

    def has_perm(self, user: object, permission: str, obj: object = None) -> bool:
        """Grant nothing."""
        return False
