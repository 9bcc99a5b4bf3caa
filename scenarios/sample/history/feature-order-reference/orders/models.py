from django.db import models

from catalog.models import Product
from customers.models import Customer


class Order(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        SENT = "sent"
        CANCELLED = "cancelled"

    number = models.CharField(max_length=16, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    placed_at = models.DateTimeField()
    note = models.TextField(blank=True, default="")
    reference = models.CharField(max_length=32, blank=True, default="")
    products = models.ManyToManyField(Product, through="OrderLine", related_name="orders")

    def __str__(self):
        return self.number


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="lines")
    quantity = models.PositiveIntegerField(default=1)
    unit_price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="orders_line_once_a_product"),
        ]

    def __str__(self):
        return f"{self.quantity} x {self.product}"
