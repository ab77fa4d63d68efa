"""Makes the shop ready: database, products and accounts."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from demo.models import Product

PRODUCTS = (
    ("tea", "Green tea", "🍵", "4.50"),
    ("notebook", "Notebook", "📓", "6.90"),
    ("mug", "Mug", "☕", "9.80"),
    ("scarf", "Wool scarf", "🧣", "24.00"),
    ("lamp", "Desk lamp", "💡", "39.00"),
    ("kettle", "Kettle", "🫖", "45.00"),
    ("rucksack", "Rucksack", "🎒", "79.00"),
    ("bicycle", "Bicycle", "🚲", "540.00"),
)


class Command(BaseCommand):
    """Prepare the shop; what is there already stays."""

    help = "Creates the demo shop's database, products and accounts; what is there already stays."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then add what is missing."""
        call_command("migrate", verbosity=0, interactive=False)
        for slug, name, symbol, price in PRODUCTS:
            Product.objects.get_or_create(slug=slug, defaults={"name": name, "symbol": symbol, "price": Decimal(price)})
        users = get_user_model().objects
        for name in (*settings.CUSTOMERS, settings.STAFF):
            if not users.filter(username=name).exists():
                users.create_user(name, password=settings.PASSWORD, is_staff=name == settings.STAFF)
        self.stdout.write(f"The shop is ready: {Product.objects.count()} products, {users.count()} accounts.")
