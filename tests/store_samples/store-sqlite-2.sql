-- A store with notes: three rows appended, the first expired since.
PRAGMA application_id = 1684305264;
PRAGMA user_version = 2;
PRAGMA journal_mode = wal;
CREATE TABLE log (identity INTEGER NOT NULL, last INTEGER NOT NULL, header BLOB NOT NULL);
CREATE TABLE entries (position INTEGER PRIMARY KEY, id TEXT NOT NULL, published_us INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX entries_id ON entries (id);
CREATE INDEX entries_published_us ON entries (published_us);
CREATE TABLE stories (position INTEGER PRIMARY KEY, story BLOB NOT NULL);
CREATE TABLE notes (number INTEGER PRIMARY KEY, note BLOB NOT NULL);
INSERT INTO log VALUES (81985529216486895, 3, X'7B22666F726D6174223A20317D');
INSERT INTO entries VALUES (2, 'b', 20, X'00FF');
INSERT INTO entries VALUES (3, CAST(X'6300' AS TEXT), -30, X'');
INSERT INTO stories VALUES (2, X'612073746F7279');
