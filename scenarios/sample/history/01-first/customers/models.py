from django.db import models

from catalog.models import Product


class Customer(models.Model):
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    joined_at = models.DateTimeField(db_index=True)
    favourites = models.ManyToManyField(Product, blank=True, related_name="admirers")

    def __str__(self):
        return self.name
