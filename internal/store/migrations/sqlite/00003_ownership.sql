-- +goose Up
-- Offers that two parties make a change of. The log has what came of them; these rows are not in it.

CREATE TABLE invitation (                -- the newest of each account to each scope
    scope      TEXT   NOT NULL REFERENCES scope (name),
    account    TEXT   NOT NULL REFERENCES account (id),
    role       TEXT   NOT NULL,
    inviter    TEXT   NOT NULL REFERENCES account (id),
    status     TEXT   NOT NULL,          -- 'pending' also when it has lapsed
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (scope, account)
);
CREATE INDEX invitation_account ON invitation (account) WHERE status = 'pending';

CREATE TABLE transfer (                  -- the newest of each package
    package    TEXT   NOT NULL PRIMARY KEY REFERENCES package (name),
    id         TEXT   NOT NULL UNIQUE,
    giver      TEXT   NOT NULL REFERENCES account (id),
    receiver   TEXT   NOT NULL REFERENCES account (id),
    status     TEXT   NOT NULL,          -- 'pending' also when it has lapsed
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX transfer_giver ON transfer (giver) WHERE status = 'pending';
CREATE INDEX transfer_receiver ON transfer (receiver) WHERE status = 'pending';

-- A transfer ends the tokens that are for this one package.
CREATE INDEX token_packages ON token (packages) WHERE packages <> '';
