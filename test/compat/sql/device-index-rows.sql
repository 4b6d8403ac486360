-- Rows as the last release writes them.
INSERT INTO devices VALUES ('ann', 'tv', NULL, 'TV/1', 4102444800000, 4102444800000);
UPDATE totals SET devices = devices + 1;
INSERT OR REPLACE INTO users VALUES ('ann', 3, NULL);
INSERT OR REPLACE INTO users VALUES ('bob', 7, 4102444800000);
