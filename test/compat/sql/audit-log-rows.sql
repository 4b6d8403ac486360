-- Rows as the last release writes them.
INSERT INTO batches (batch, decisions) VALUES ('b1', '[["t","d1",true],["t","d2",false]]');
INSERT INTO executions SELECT 'e1', coalesce(max(seq), 0) FROM batches;
