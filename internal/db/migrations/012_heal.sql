CREATE TABLE {s}element (
  flow   TEXT NOT NULL,
  node   TEXT NOT NULL,
  hash   TEXT NOT NULL,
  target TEXT NOT NULL,
  print  TEXT NOT NULL,
  seen   BIGINT NOT NULL,
  PRIMARY KEY (flow, node, hash)
);
CREATE TABLE {s}heal (
  id         {serial},
  flow       TEXT NOT NULL,
  node       TEXT NOT NULL,
  hash       TEXT NOT NULL,
  target     TEXT NOT NULL,
  state      TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  policy     TEXT NOT NULL,
  action     TEXT NOT NULL DEFAULT '',
  sensitive  SMALLINT NOT NULL DEFAULT 0,
  mismatch   SMALLINT NOT NULL DEFAULT 0,
  p          DOUBLE PRECISION NOT NULL,
  margin     DOUBLE PRECISION NOT NULL,
  old        TEXT NOT NULL,
  repaired   TEXT NOT NULL DEFAULT '',
  before     TEXT NOT NULL,
  found      TEXT NOT NULL DEFAULT '',
  vetoes     TEXT NOT NULL DEFAULT '',
  evidence   TEXT NOT NULL DEFAULT '',
  url        TEXT NOT NULL DEFAULT '',
  screenshot TEXT NOT NULL DEFAULT '',
  page       TEXT NOT NULL DEFAULT '',
  millis     DOUBLE PRECISION NOT NULL DEFAULT 0,
  root       TEXT NOT NULL,
  digest     TEXT NOT NULL DEFAULT '',
  source     TEXT NOT NULL DEFAULT '',
  run        TEXT NOT NULL,
  path       TEXT NOT NULL,
  counted    TEXT NOT NULL DEFAULT '',
  runs       BIGINT NOT NULL DEFAULT 0,
  streak     BIGINT NOT NULL DEFAULT 0,
  changed    BIGINT NOT NULL DEFAULT 0,
  created    BIGINT NOT NULL,
  updated    BIGINT NOT NULL,
  decided    BIGINT NOT NULL DEFAULT 0,
  decider    TEXT NOT NULL DEFAULT '',
  comment    TEXT NOT NULL DEFAULT '',
  result     TEXT NOT NULL DEFAULT '',
  version    BIGINT NOT NULL DEFAULT 1
) {hot};
CREATE UNIQUE INDEX heal_open ON {s}heal (flow, node, hash) WHERE state IN ('proposed', 'used', 'unresolved');
CREATE INDEX heal_key ON {s}heal (flow, node, hash, id);
CREATE INDEX heal_state ON {s}heal (state, id);
CREATE TABLE {s}heal_use (
  run     TEXT NOT NULL,
  path    TEXT NOT NULL,
  hash    TEXT NOT NULL,
  heal    BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  state   SMALLINT NOT NULL DEFAULT 0,
  at      BIGINT NOT NULL,
  PRIMARY KEY (run, path, hash)
);
CREATE INDEX heal_use_heal ON {s}heal_use (heal);
