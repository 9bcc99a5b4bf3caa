from django.contrib import admin

from catalog.models import Category, Product

admin.site.register([Category, Product])
