-- Made-up customers and what they bought, on a shop at release 1.2. psql -v customers=N; every run gives the same rows.
\set ON_ERROR_STOP on

SELECT setseed(0.15);

CREATE TEMPORARY TABLE names AS
SELECT ARRAY['Ada', 'Bao', 'Chidi', 'Dana', 'Emre', 'Farah', 'Goran', 'Hana', 'Ines', 'Jun', 'Kofi', 'Lena',
             'Mira', 'Nils', 'Oona', 'Priya', 'Quinn', 'Rosa', 'Sami', 'Tove'] AS first,
       ARRAY['Abara', 'Berg', 'Castillo', 'Dvorak', 'Eide', 'Fontaine', 'Grieg', 'Hoshino', 'Iqbal', 'Jansen',
             'Kowalski', 'Lindqvist', 'Moreau', 'Novak', 'Okafor', 'Petrov', 'Rossi', 'Silva', 'Tanaka', 'Weiss'] AS last,
       ARRAY['oak', 'birch', 'linen', 'steel', 'wool', 'clay', 'cork', 'paper'] AS material,
       ARRAY['table', 'chair', 'lamp', 'bowl', 'shelf', 'blanket', 'notebook', 'basket', 'clock', 'mug'] AS thing;

INSERT INTO auth_user (id, username, password, first_name, last_name, email, is_superuser, is_staff, is_active, date_joined)
OVERRIDING SYSTEM VALUE
SELECT n, 'staff' || n, '!', '', '', 'staff' || n || '@shop.invalid', n = 1, true, true, '2023-01-09 08:00+00'
FROM generate_series(1, 6) AS n;

INSERT INTO catalog_category (id, name, slug, parent_id) OVERRIDING SYSTEM VALUE
SELECT n, initcap(names.material[n]), names.material[n], CASE WHEN n > 4 THEN n - 4 END
FROM names, generate_series(1, 8) AS n ORDER BY n;

INSERT INTO catalog_product (id, sku, name, category_id, price, active) OVERRIDING SYSTEM VALUE
SELECT n, 'SKU-' || lpad(n::text, 5, '0'),
       initcap(names.material[1 + n % 8]) || ' ' || names.thing[1 + n % 10] || ' no. ' || n,
       1 + n % 8, round((5 + random() * 240)::numeric, 2), random() > 0.1
FROM names, generate_series(1, 400) AS n ORDER BY n;

INSERT INTO customers_customer (id, email, name, phone, joined_at) OVERRIDING SYSTEM VALUE
SELECT n,
       -- One in seven typed capital letters; migration customers.0003_lowercase_emails is about these.
       CASE WHEN n % 7 = 0 THEN names.first[1 + n % 20] ELSE lower(names.first[1 + n % 20]) END
           || '.' || lower(names.last[1 + n / 20 % 20]) || '.' || n || '@example.com',
       names.first[1 + n % 20] || ' ' || names.last[1 + n / 20 % 20],
       CASE WHEN n % 3 = 0 THEN '+00 555 ' || lpad(n::text, 6, '0') ELSE '' END,
       timestamptz '2023-01-09 09:00+00' + n * interval '5 hours'
FROM names, generate_series(1, :customers) AS n ORDER BY n;

INSERT INTO customers_customer_favourites (customer_id, product_id)
SELECT n, 1 + n * 13 % 400 FROM generate_series(1, :customers, 3) AS n;

INSERT INTO orders_order (id, number, customer_id, status, placed_at, note) OVERRIDING SYSTEM VALUE
SELECT n, 'O-' || lpad(n::text, 8, '0'), 1 + n * 7 % :customers,
       (ARRAY['open', 'paid', 'sent', 'sent', 'sent', 'cancelled'])[1 + floor(random() * 6)::int],
       timestamptz '2023-02-01 10:00+00' + n * interval '2 hours',
       CASE WHEN n % 11 = 0 THEN 'Please ring twice.' ELSE '' END
FROM generate_series(1, 2 * :customers) AS n;

INSERT INTO orders_orderline (order_id, product_id, quantity, unit_price)
SELECT o.id, p.id, 1 + (o.id + line) % 4, p.price
FROM orders_order AS o
CROSS JOIN generate_series(1, 2) AS line
JOIN catalog_product AS p ON p.id = 1 + (o.id * 3 + line * 101) % 400
ORDER BY o.id, line;

-- Rows with a given id leave the identity sequences behind.
SELECT setval(pg_get_serial_sequence(name, 'id'), :customers * 4)
FROM unnest(ARRAY['auth_user', 'catalog_category', 'catalog_product', 'customers_customer', 'orders_order']) AS name;
