-- The other half of "delete the migrations and start over": the rows go, the tables stay.
DELETE FROM django_migrations WHERE app = 'orders';
