-- A store with notes: three rows appended, the first expired since. NAME stands for the log's name.
CREATE TABLE NAME_schema (version integer NOT NULL);
CREATE TABLE NAME_log (identity bigint NOT NULL, last bigint NOT NULL, header bytea NOT NULL);
CREATE TABLE NAME_entries (position bigint PRIMARY KEY, id bytea NOT NULL, published_us bigint NOT NULL, token bigint NOT NULL, record bytea NOT NULL);
ALTER TABLE NAME_entries ALTER record SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160);
CREATE INDEX ON NAME_entries USING hash (id);
CREATE INDEX ON NAME_entries (published_us);
CREATE TABLE NAME_stories (position bigint PRIMARY KEY, story bytea NOT NULL);
CREATE TABLE NAME_notes (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note bytea NOT NULL);
INSERT INTO NAME_schema VALUES (2);
INSERT INTO NAME_log VALUES (81985529216486895, 3, '\x7b22666f726d6174223a20317d');
INSERT INTO NAME_entries VALUES (2, '\x62', 20, 77, '\x00ff');
INSERT INTO NAME_entries VALUES (3, '\x6300', -30, 77, '\x');
INSERT INTO NAME_stories VALUES (2, '\x612073746f7279');
