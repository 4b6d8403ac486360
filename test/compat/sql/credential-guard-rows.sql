-- Rows as the last release writes them.
INSERT OR REPLACE INTO state VALUES (1, 0, '[]', 0, 2, 4102444860000);
INSERT OR REPLACE INTO known VALUES ('good', 4102444800000);
