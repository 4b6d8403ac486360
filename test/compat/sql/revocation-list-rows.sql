-- Rows as the last release writes them.
UPDATE state SET version = version + 1;
INSERT OR REPLACE INTO revocations VALUES ('jti', 'stolen', NULL, NULL, 4102444800, NULL, 1, NULL);
UPDATE state SET version = version + 1;
INSERT OR REPLACE INTO revocations VALUES ('token', 'hash', NULL, 4102448400, 4102444800, 'a.b.c', 2, NULL);
UPDATE state SET version = version + 1;
INSERT OR REPLACE INTO revocations VALUES ('uid', 'ann', NULL, NULL, 4102444800, NULL, 3, 4102444800);
