from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("catalog", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("joined_at", models.DateTimeField(db_index=True)),
                (
                    "favourites",
                    models.ManyToManyField(blank=True, related_name="admirers", to="catalog.product"),
                ),
            ],
        ),
    ]
