-- +goose Up
-- Times are microseconds since 1970 in UTC; checksums are 32 raw bytes; ids are made by the program.

CREATE TABLE account (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    login      TEXT COLLATE "C" NOT NULL UNIQUE,
    operator   BIGINT           NOT NULL,
    created_at BIGINT           NOT NULL
);

CREATE TABLE token (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account      TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name         TEXT COLLATE "C" NOT NULL,
    hash         BYTEA            NOT NULL UNIQUE, -- SHA-256 of the secret
    prefix       TEXT COLLATE "C" NOT NULL,
    scopes       TEXT COLLATE "C" NOT NULL, -- "publish read"
    packages     TEXT COLLATE "C" NOT NULL, -- patterns, separated by blanks; empty: all
    created_at   BIGINT           NOT NULL,
    expires_at   BIGINT           NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX token_account ON token (account);

CREATE TABLE scope (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    folded     TEXT COLLATE "C" NOT NULL UNIQUE, -- without hyphens: no two scopes look alike
    claimed_at BIGINT           NOT NULL,
    log_index  BIGINT           NOT NULL
);

CREATE TABLE scope_member (
    scope   TEXT COLLATE "C" NOT NULL REFERENCES scope (name),
    account TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    role    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, account)
);
CREATE INDEX scope_member_account ON scope_member (account);

CREATE TABLE package (
    name                 TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- "@scope/name"
    scope                TEXT COLLATE "C" NOT NULL REFERENCES scope (name),
    folded               TEXT COLLATE "C" NOT NULL,
    owner                TEXT COLLATE "C" REFERENCES account (id), -- null: the members of the scope
    status               TEXT COLLATE "C" NOT NULL,
    ownership_changed_at BIGINT,
    created_at           BIGINT           NOT NULL,
    UNIQUE (scope, folded)
);

CREATE TABLE archive (
    checksum BYTEA  NOT NULL PRIMARY KEY,
    size     BIGINT NOT NULL,
    data     BYTEA -- null: in the folder of large archives
);

CREATE TABLE version (
    package       TEXT COLLATE "C" NOT NULL REFERENCES package (name),
    version       TEXT COLLATE "C" NOT NULL,
    checksum      BYTEA            NOT NULL REFERENCES archive (checksum),
    size          BIGINT           NOT NULL,
    manifest      BYTEA            NOT NULL, -- checksum of oripk.toml
    unpacked_size BIGINT           NOT NULL,
    file_count    BIGINT           NOT NULL,
    published_at  BIGINT           NOT NULL,
    published_by  TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    log_index     BIGINT           NOT NULL UNIQUE,
    leaf          BYTEA            NOT NULL,
    has_readme    BIGINT           NOT NULL,
    details       TEXT COLLATE "C" NOT NULL, -- JSON of what the manifest says
    PRIMARY KEY (package, version)
);

CREATE TABLE readme (
    package TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    content BYTEA            NOT NULL,
    PRIMARY KEY (package, version),
    FOREIGN KEY (package, version) REFERENCES version (package, version)
);

CREATE TABLE log_state (
    id     BIGINT           NOT NULL PRIMARY KEY CHECK (id = 1),
    origin TEXT COLLATE "C" NOT NULL,
    size   BIGINT           NOT NULL,
    root   BYTEA            NOT NULL
);

-- The tree without entries: a row from the beginning, for log writers to lock.
INSERT INTO log_state (id, origin, size, root)
VALUES (1, '', 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

CREATE TABLE log_entry (
    idx     BIGINT           NOT NULL PRIMARY KEY,
    bytes   BYTEA            NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    package TEXT COLLATE "C",
    version TEXT COLLATE "C"
);
CREATE UNIQUE INDEX log_entry_publish ON log_entry (package, version) WHERE kind = 'publish';

CREATE TABLE log_subject (
    subject TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    seq     BIGINT           NOT NULL, -- of its newest event
    idx     BIGINT           NOT NULL -- where that stands
);

CREATE TABLE log_tile (
    level BIGINT NOT NULL,
    n     BIGINT NOT NULL,
    data  BYTEA  NOT NULL, -- grows to 256 hashes; a partial tile is a prefix
    PRIMARY KEY (level, n)
);
