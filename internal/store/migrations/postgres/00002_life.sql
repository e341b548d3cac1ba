-- +goose Up
-- What became of a version after it was published. The newest event of each kind counts; the log has them all.

ALTER TABLE version
    ADD COLUMN yanked_at         BIGINT,           -- null: not yanked
    ADD COLUMN yank_reason       TEXT COLLATE "C", -- null: none was given
    ADD COLUMN yank_message      TEXT COLLATE "C",
    ADD COLUMN deprecated_at     BIGINT,           -- null: not deprecated
    ADD COLUMN deprecate_message TEXT COLLATE "C",
    ADD COLUMN replacement       TEXT COLLATE "C", -- "@a/b" or "@a/b@1.2.3"
    ADD COLUMN removed_at        BIGINT,           -- null: not removed
    ADD COLUMN remove_reason     TEXT COLLATE "C",
    ADD COLUMN remove_message    TEXT COLLATE "C";

CREATE INDEX version_checksum ON version (checksum);

-- 1: the version was removed, the bytes are gone for good; the row stays, since the version names it.
ALTER TABLE archive ADD COLUMN removed BIGINT NOT NULL DEFAULT 0;
