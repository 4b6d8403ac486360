-- Rows as the last release writes them.
INSERT INTO tokens VALUES ('0123456789abcdef', 'hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh', 'ci', '["playgate/all"]', 4102444800, 'admin', NULL, NULL);
UPDATE tokens SET last_used_at = 4102444800 WHERE id = '0123456789abcdef';
