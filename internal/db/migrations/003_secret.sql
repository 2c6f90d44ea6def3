CREATE TABLE {s}secret_key (
  fingerprint TEXT PRIMARY KEY,
  canary      TEXT NOT NULL,
  created     BIGINT NOT NULL,
  retired     BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX secret_key_current ON {s}secret_key (retired) WHERE retired = 0;
CREATE TABLE {s}secret (
  name        TEXT PRIMARY KEY,
  description TEXT NOT NULL DEFAULT '',
  value       TEXT NOT NULL,
  created     BIGINT NOT NULL,
  updated     BIGINT NOT NULL,
  read_at     BIGINT NOT NULL DEFAULT 0
);
