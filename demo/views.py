"""The shop's pages: one of each kind that Django serves, since each runs its code in another place."""

import asyncio
import csv
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from demo.models import Order, Product

TERMS = Path(__file__).parent / "files" / "terms.txt"
WAREHOUSES = ("Harbour", "Hill", "Station", "Mill")

# A template may ask for the user, hence the database, which async code must not: the page is made in a thread.
_arender = sync_to_async(render)
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="warehouse")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """List the products (sync)."""
    return render(request, "shop/home.html", {"products": Product.objects.all()})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one product (sync)."""
    return render(request, "shop/product.html", {"product": get_object_or_404(Product, slug=slug)})


def cart(request: HttpRequest) -> HttpResponse:
    """Show the cart, or put a product into it; the cart stands in the session (sync)."""
    quantities: dict[str, int] = request.session.get("cart", {})
    if request.method == "POST":
        chosen = get_object_or_404(Product, slug=request.POST.get("product"))
        request.session["cart"] = quantities | {chosen.slug: quantities.get(chosen.slug, 0) + 1}
        return redirect("cart")
    lines = [
        {"product": item, "quantity": quantities[item.slug], "sum": item.price * quantities[item.slug]}
        for item in Product.objects.filter(slug__in=quantities)
    ]
    return render(request, "shop/cart.html", {"lines": lines, "total": sum(line["sum"] for line in lines)})


@require_POST
@login_required
def checkout(request: HttpRequest) -> HttpResponseRedirect:
    """Turn the cart into orders (sync, in a transaction)."""
    quantities: dict[str, int] = request.session.pop("cart", {})
    with transaction.atomic():
        for item in Product.objects.filter(slug__in=quantities):
            Order.objects.create(customer=request.user, product=item, quantity=quantities[item.slug])
    messages.success(request, "Thank you, your order is placed." if quantities else "Your cart was empty.")
    return redirect("account")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Say who you are, and what you bought (sync)."""
    orders = Order.objects.filter(customer=request.user).select_related("product")[:10]
    return render(request, "shop/account.html", {"person": request.user, "orders": orders, "kind": "sync"})


@login_required
async def account_async(request: HttpRequest) -> HttpResponse:
    """Say who you are, and what you bought (async, between two pauses in which others get their turn)."""
    await asyncio.sleep(0.02)
    person = await request.auser()
    orders = [order async for order in Order.objects.filter(customer=person).select_related("product")[:10]]
    await asyncio.sleep(0.02)
    return await _arender(request, "shop/account.html", {"person": person, "orders": orders, "kind": "async"})


async def offers(request: HttpRequest) -> HttpResponse:
    """Ask three partners at once for their offers (async, in tasks of its own)."""

    async def ask(partner: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return f"{partner} answered after {seconds * 1000:.0f} ms"

    answers = await asyncio.gather(ask("North", 0.03), ask("South", 0.09), ask("West", 0.06))
    return await _arender(request, "shop/lines.html", {"title": "Offers", "lines": answers})


@require_safe
def warehouses(request: HttpRequest) -> HttpResponse:
    """Ask the warehouses for their stock (sync, in a thread pool)."""

    def ask(warehouse: str) -> str:
        time.sleep(0.04)
        return f"{warehouse}: {len(warehouse) * 7} parcels"

    return render(request, "shop/lines.html", {"title": "Warehouses", "lines": list(_pool.map(ask, WAREHOUSES))})


@require_safe
def delivery(request: HttpRequest) -> HttpResponse:
    """Reckon the day of delivery (sync and slow: it shows as open while it runs)."""
    time.sleep(1.5)
    return render(request, "shop/lines.html", {"title": "Delivery", "lines": ["Three days from now, by bicycle."]})


class _Echo:
    """The file that `csv` writes to: gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


@login_required
def orders_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Stream your orders (a sync generator: it runs after the middleware has returned)."""
    write = csv.writer(_Echo()).writerow

    def lines() -> Iterator[str]:
        yield write(["customer", "product", "quantity", "placed at"])
        for order in Order.objects.filter(customer=request.user).select_related("product", "customer"):
            yield write([order.customer.username, order.product.name, order.quantity, order.placed_at.isoformat()])

    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")


async def prices(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the prices, one every few milliseconds (an async generator)."""

    async def lines() -> AsyncIterator[str]:
        async for item in Product.objects.all():
            yield f"{item.name}: {item.price}\n"
            await asyncio.sleep(0.02)

    return StreamingHttpResponse(lines(), content_type="text/plain; charset=utf-8")


@require_safe
def terms(request: HttpRequest) -> FileResponse:
    """Send a file."""
    return FileResponse(TERMS.open("rb"), content_type="text/plain; charset=utf-8")


@require_safe
def broken(request: HttpRequest) -> HttpResponse:
    """Fail, as pages do."""
    raise RuntimeError("This page of the demo shop is broken on purpose.")
