-- Rows as the last release writes them.
INSERT OR REPLACE INTO tokens (id, used, addresses, expires_at) VALUES ('t1', 2, 1, 4102531200000);
INSERT INTO addresses (token, address) VALUES ('t1', '198.51.100.1');
INSERT INTO playbacks (token, session, started_at) VALUES ('t1', 'playing', 4102444800000);
INSERT INTO spent (minute, requests) VALUES (68374080, 'r1 r2');
INSERT INTO devices (id, user_agent, created_at, updated_at) VALUES ('tv', 'TV/1', 4102444800000, 4102444800000);
UPDATE devices SET name = 'Sofa', updated_at = 4102444800000 WHERE id = 'tv';
INSERT OR REPLACE INTO sessions VALUES ('playing', 'clip', '198.51.100.1', NULL, '', 'tv', 'TV/1', 4102444800000, 4102444800000, 90, NULL, NULL, NULL, 4102531200000);
INSERT OR REPLACE INTO sessions VALUES ('stopped', 'clip', '198.51.100.1', NULL, '192.0.2.1 192.0.2.2', 'tv', 'TV/1', 4102444800000, 4102444800000, 90, 'operator', 4102444800000, 'operator', 4102531200000);
INSERT INTO owner (id, account, uid, version) VALUES (1, 'compat-stored', 'ann', 3);
INSERT OR REPLACE INTO outbox VALUES ('tv', 3, 4102444800000);
