-- What happened to production since release 1.2, besides its migrations.

-- Main was deployed for an hour. Its catalog.0003_tag ran; then the history table was restored from a backup.
DELETE FROM django_migrations WHERE app = 'catalog' AND name = '0003_tag';

INSERT INTO catalog_tag (name, colour)
SELECT 'tag ' || n, '#' || lpad(to_hex(n * 37 % 4096), 6, '0') FROM generate_series(1, 240) AS n;
