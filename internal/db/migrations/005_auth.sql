CREATE TABLE {s}account (
  name     TEXT PRIMARY KEY,
  role     TEXT NOT NULL,
  password TEXT NOT NULL,
  created  BIGINT NOT NULL,
  disabled SMALLINT NOT NULL DEFAULT 0
);
CREATE TABLE {s}token (
  id      TEXT PRIMARY KEY,
  hash    TEXT NOT NULL UNIQUE,
  name    TEXT NOT NULL,
  account TEXT NOT NULL DEFAULT '',
  role    TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL DEFAULT 0,
  used    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX token_account ON {s}token (account);
CREATE TABLE {s}audit (
  id     {serial},
  at     BIGINT NOT NULL,
  who    TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_at ON {s}audit (at);
CREATE TABLE {s}flow (
  name       TEXT PRIMARY KEY,
  draft      TEXT NOT NULL,
  production TEXT NOT NULL DEFAULT '',
  updated    BIGINT NOT NULL
);
ALTER TABLE {s}flow_version ADD COLUMN pins TEXT NOT NULL DEFAULT '{}';
