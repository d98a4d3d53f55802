PRAGMA journal_mode = WAL;
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INTEGER);
CREATE INDEX by_kind ON item(kind, price);
BEGIN;
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 40000)
  INSERT INTO item SELECT x, printf('item %05d', x * 7919 % 40009), (x * 37 % 1000) / 8.0, x % 13 FROM n;
COMMIT;
SELECT kind, count(*), sum(price), min(name), max(name) FROM item GROUP BY kind ORDER BY kind;
UPDATE item SET price = price * 2 WHERE name LIKE '%7%';
DELETE FROM item WHERE id % 11 = 3;
SELECT count(*), sum(price), avg(price) FROM item;
SELECT a.id, b.id FROM item a JOIN item b ON a.kind = b.kind AND a.price = b.price AND a.id < b.id
  WHERE a.kind = 5 ORDER BY a.id, b.id LIMIT 20;
WITH RECURSIVE fib(a, b, n) AS (SELECT 0, 1, 0 UNION ALL SELECT b, a + b, n + 1 FROM fib WHERE n < 80) SELECT max(a) FROM fib;
SELECT hex(group_concat(name, '')) FROM (SELECT name FROM item WHERE price > 200 ORDER BY name LIMIT 50);
PRAGMA integrity_check;
