-- +goose Up
-- What the search shows and finds. All of it is made from the other tables.

CREATE TABLE search_package (
    package           TEXT   NOT NULL PRIMARY KEY REFERENCES package (name),
    place             BIGINT NOT NULL UNIQUE, -- where its terms are: in the order of dependents, then of age
    terms             TEXT   NOT NULL,        -- SHA-256 of its terms
    version           TEXT   NOT NULL,        -- whose manifest this is: the latest, else the newest pre-release
    latest            BIGINT NOT NULL,        -- 1: that version is the latest
    updated_at        BIGINT NOT NULL,
    description       TEXT   NOT NULL,
    keywords          TEXT   NOT NULL,        -- one a line
    license           TEXT,
    deprecated_at     BIGINT,                 -- of that version; null: it is not
    deprecate_message TEXT,
    replacement       TEXT,
    dependents        BIGINT NOT NULL         -- packages in search_dependency that name it
);
CREATE INDEX search_package_updated ON search_package (updated_at DESC, package);

-- What the packages that are shown depend on.
CREATE TABLE search_dependency (
    package    TEXT NOT NULL REFERENCES package (name),
    dependency TEXT NOT NULL REFERENCES package (name),
    PRIMARY KEY (package, dependency)
);
CREATE INDEX search_dependency_dependency ON search_dependency (dependency);

-- Words of names and keywords, for those that are mistyped. None is ever taken out: it finds nothing then.
CREATE TABLE search_word (
    word TEXT NOT NULL PRIMARY KEY
);

-- Packages that were here before this table are brought in when the server starts.
CREATE TABLE search_state (
    id        BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    filled_to TEXT -- the last package that is in, '' for none; null: all are
);
INSERT INTO search_state (id, filled_to) VALUES (1, '');

-- The terms of a package stand in the row of its place, and are kept nowhere else.
CREATE VIRTUAL TABLE search_text USING fts5 (
    terms, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '*~=^@#-'"
);
