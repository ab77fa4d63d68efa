"""What the shop sells, and what was bought."""

from django.conf import settings
from django.db import models


class Product(models.Model):
    """Something to buy."""

    slug = models.SlugField(primary_key=True)
    name = models.CharField(max_length=60)
    symbol = models.CharField(max_length=4)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        """Cheapest first."""

        ordering = ("price",)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class Order(models.Model):
    """One product that somebody bought."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="orders")
    product = models.ForeignKey(Product, models.PROTECT)
    quantity = models.PositiveIntegerField()
    placed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Newest first."""

        ordering = ("-placed_at", "-pk")

    def __str__(self) -> str:
        """Return who bought what."""
        return f"{self.quantity} {self.product} for {self.customer}"
