from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs in no transaction

    dependencies = [
        ("orders", "0003_order_reference"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY orders_order_placed_at ON orders_order (placed_at)",
            "DROP INDEX CONCURRENTLY orders_order_placed_at",
        ),
    ]
