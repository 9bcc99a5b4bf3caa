from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_placed_at_index"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["placed_at"], name="orders_order_placed_at"),
        ),
    ]
