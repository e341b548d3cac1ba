-- +goose Up
CREATE TABLE advisory (
    id         TEXT   NOT NULL PRIMARY KEY,
    record     BLOB   NOT NULL, -- the text whose checksum its newest entry in the log has
    withdrawn  BIGINT NOT NULL,
    changed_at BIGINT NOT NULL, -- time of that entry
    log_index  BIGINT NOT NULL UNIQUE -- and its place
);

-- What the records say of each package that they name.
CREATE TABLE advisory_package (
    package  TEXT NOT NULL,
    advisory TEXT NOT NULL REFERENCES advisory (id),
    affected TEXT NOT NULL, -- JSON of the set of versions
    PRIMARY KEY (package, advisory)
);
CREATE INDEX advisory_package_advisory ON advisory_package (advisory);
