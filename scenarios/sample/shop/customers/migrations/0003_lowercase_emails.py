from django.db import migrations
from django.db.models.functions import Lower


def lowercase(apps, schema_editor):
    customers = apps.get_model("customers", "Customer").objects.using(schema_editor.connection.alias)
    customers.exclude(email=Lower("email")).update(email=Lower("email"))


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_customer_phone"),
    ]

    operations = [
        migrations.RunPython(lowercase, migrations.RunPython.noop),
    ]
