-- +goose Up
-- What the search shows and finds. All of it is made from the other tables.

CREATE TABLE search_package (
    package           TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES package (name),
    place             BIGINT           NOT NULL UNIQUE, -- where its terms are: in the order of dependents, then of age
    terms             TEXT COLLATE "C" NOT NULL, -- SHA-256 of its terms
    version           TEXT COLLATE "C" NOT NULL, -- whose manifest this is: the latest, else the newest pre-release
    latest            BIGINT           NOT NULL, -- 1: that version is the latest
    updated_at        BIGINT           NOT NULL,
    description       TEXT COLLATE "C" NOT NULL,
    keywords          TEXT COLLATE "C" NOT NULL, -- one a line
    license           TEXT COLLATE "C",
    deprecated_at     BIGINT, -- of that version; null: it is not
    deprecate_message TEXT COLLATE "C",
    replacement       TEXT COLLATE "C",
    dependents        BIGINT           NOT NULL -- packages in search_dependency that name it
);
CREATE INDEX search_package_updated ON search_package (updated_at DESC, package);

-- What the packages that are shown depend on.
CREATE TABLE search_dependency (
    package    TEXT COLLATE "C" NOT NULL REFERENCES package (name),
    dependency TEXT COLLATE "C" NOT NULL REFERENCES package (name),
    PRIMARY KEY (package, dependency)
);
CREATE INDEX search_dependency_dependency ON search_dependency (dependency);

-- Words of names and keywords, for those that are mistyped. None is ever taken out: it finds nothing then.
CREATE TABLE search_word (
    word TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

-- Packages that were here before this table are brought in when the server starts.
CREATE TABLE search_state (
    id        BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    filled_to TEXT COLLATE "C" -- the last package that is in, '' for none; null: all are
);
INSERT INTO search_state (id, filled_to) VALUES (1, '');

-- The terms of a package stand in the row of its place, and are kept nowhere
-- else. GIN gives what it finds in no order, so each class of dependents has a
-- table of its own and they are read one after the other (postgresFind).
CREATE TABLE search_text (
    place BIGINT   NOT NULL,
    terms TSVECTOR NOT NULL
) PARTITION BY RANGE (place);
CREATE TABLE search_text_0 PARTITION OF search_text FOR VALUES FROM (0) TO (1000000000000);
CREATE TABLE search_text_1 PARTITION OF search_text FOR VALUES FROM (1000000000000) TO (2000000000000);
CREATE TABLE search_text_2 PARTITION OF search_text FOR VALUES FROM (2000000000000) TO (3000000000000);
CREATE TABLE search_text_3 PARTITION OF search_text FOR VALUES FROM (3000000000000) TO (4000000000000);
CREATE TABLE search_text_4 PARTITION OF search_text FOR VALUES FROM (4000000000000) TO (5000000000000);
CREATE TABLE search_text_5 PARTITION OF search_text FOR VALUES FROM (5000000000000) TO (6000000000000);
CREATE TABLE search_text_6 PARTITION OF search_text FOR VALUES FROM (6000000000000) TO (7000000000000);
CREATE UNIQUE INDEX search_text_place ON search_text (place);
-- Without fastupdate: a list of what is pending would be read by every search.
CREATE INDEX search_text_terms ON search_text USING gin (terms) WITH (fastupdate = off);
