CREATE TABLE {s}flow_version (
  digest  TEXT PRIMARY KEY,
  name    TEXT NOT NULL,
  body    TEXT NOT NULL,
  created BIGINT NOT NULL
);
CREATE TABLE {s}run (
  id          TEXT PRIMARY KEY,
  flow        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  pins        TEXT NOT NULL DEFAULT '{}',
  source      TEXT NOT NULL DEFAULT '',
  status      TEXT NOT NULL,
  retry_of    TEXT NOT NULL DEFAULT '',
  seed        TEXT NOT NULL DEFAULT '',
  input       TEXT NOT NULL DEFAULT '{}',
  output      TEXT NOT NULL DEFAULT '',
  failure     TEXT NOT NULL DEFAULT '',
  waits       TEXT NOT NULL DEFAULT '',
  wake        BIGINT NOT NULL DEFAULT 0,
  nodes       BIGINT NOT NULL DEFAULT 0,
  recorded    BIGINT NOT NULL DEFAULT 0,
  resumes     BIGINT NOT NULL DEFAULT 0,
  cancel      INTEGER NOT NULL DEFAULT 0,
  owner       TEXT NOT NULL DEFAULT '',
  fence       BIGINT NOT NULL DEFAULT 0,
  lease_until BIGINT NOT NULL DEFAULT 0,
  created     BIGINT NOT NULL,
  started     BIGINT NOT NULL DEFAULT 0,
  ended       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX run_created ON {s}run (created, id);
CREATE INDEX run_status ON {s}run (status, created);
CREATE INDEX run_flow ON {s}run (flow, created);
CREATE TABLE {s}event (
  run  TEXT NOT NULL,
  seq  BIGINT NOT NULL,
  kind TEXT NOT NULL,
  path TEXT NOT NULL DEFAULT '',
  at   BIGINT NOT NULL,
  data TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, seq)
);
CREATE TABLE {s}message (
  run   TEXT NOT NULL,
  topic TEXT NOT NULL,
  id    TEXT NOT NULL,
  data  TEXT NOT NULL,
  at    BIGINT NOT NULL,
  PRIMARY KEY (run, topic, id)
);
CREATE TABLE {s}artifact (
  run    TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (run, digest)
);
CREATE INDEX artifact_digest ON {s}artifact (digest);
