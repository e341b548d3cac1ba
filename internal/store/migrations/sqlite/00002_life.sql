-- +goose Up
-- What became of a version after it was published. The newest event of each kind counts; the log has them all.

ALTER TABLE version ADD COLUMN yanked_at         BIGINT; -- null: not yanked
ALTER TABLE version ADD COLUMN yank_reason       TEXT;   -- null: none was given
ALTER TABLE version ADD COLUMN yank_message      TEXT;
ALTER TABLE version ADD COLUMN deprecated_at     BIGINT; -- null: not deprecated
ALTER TABLE version ADD COLUMN deprecate_message TEXT;
ALTER TABLE version ADD COLUMN replacement       TEXT;   -- "@a/b" or "@a/b@1.2.3"
ALTER TABLE version ADD COLUMN removed_at        BIGINT; -- null: not removed
ALTER TABLE version ADD COLUMN remove_reason     TEXT;
ALTER TABLE version ADD COLUMN remove_message    TEXT;

CREATE INDEX version_checksum ON version (checksum);

-- 1: the version was removed, the bytes are gone for good; the row stays, since the version names it.
ALTER TABLE archive ADD COLUMN removed BIGINT NOT NULL DEFAULT 0;
