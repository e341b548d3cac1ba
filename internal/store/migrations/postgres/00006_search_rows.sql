-- +goose Up
-- A search reads thousands of rows of search_text for their places alone: GIN
-- tells which rows, and nothing of what is in them. PostgreSQL keeps terms apart
-- from their row only where that is longer than 2 kB, so each row gets a filler
-- of that length, which compresses to 35 bytes: 80 rows are on a page, not 5.
ALTER TABLE search_text ADD COLUMN filler TEXT NOT NULL DEFAULT repeat(' ', 2048);
ALTER TABLE search_text_0 SET (toast_tuple_target = 128);
ALTER TABLE search_text_1 SET (toast_tuple_target = 128);
ALTER TABLE search_text_2 SET (toast_tuple_target = 128);
ALTER TABLE search_text_3 SET (toast_tuple_target = 128);
ALTER TABLE search_text_4 SET (toast_tuple_target = 128);
ALTER TABLE search_text_5 SET (toast_tuple_target = 128);
ALTER TABLE search_text_6 SET (toast_tuple_target = 128);
-- This changes no terms, but writes the rows that are here anew.
ALTER TABLE search_text ALTER COLUMN terms TYPE TSVECTOR USING strip(terms);
