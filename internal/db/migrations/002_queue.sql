CREATE TABLE {s}lane (
  id     {serial},
  queue  TEXT NOT NULL,
  tenant TEXT NOT NULL,
  needs  TEXT NOT NULL,
  UNIQUE (queue, tenant, needs)
);
CREATE TABLE {s}job (
  id           {serial},
  run          TEXT NOT NULL,
  lane         BIGINT NOT NULL,
  state        SMALLINT NOT NULL,
  ready_at     BIGINT NOT NULL,
  rank         BIGINT NOT NULL,
  priority     SMALLINT NOT NULL,
  deadline     BIGINT NOT NULL DEFAULT 0,
  attempt      INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL,
  backoff      BIGINT NOT NULL,
  backoff_max  BIGINT NOT NULL,
  fence        BIGINT NOT NULL DEFAULT 0,
  robot        TEXT NOT NULL DEFAULT '',
  lease_until  BIGINT NOT NULL DEFAULT 0,
  claimed      BIGINT NOT NULL DEFAULT 0,
  cancel       SMALLINT NOT NULL DEFAULT 0,
  woken        SMALLINT NOT NULL DEFAULT 0,
  slot         TEXT NOT NULL DEFAULT '',
  room         INTEGER NOT NULL DEFAULT 0,
  parent       TEXT NOT NULL DEFAULT '',
  killed       TEXT NOT NULL DEFAULT '',
  reason       TEXT NOT NULL DEFAULT '',
  created      BIGINT NOT NULL,
  payload      TEXT NOT NULL DEFAULT ''
) {hot};
CREATE INDEX job_ready ON {s}job (lane, rank, id) WHERE state = 0;
CREATE INDEX job_lease ON {s}job (lease_until) WHERE state = 1;
CREATE INDEX job_later ON {s}job (ready_at) WHERE state = 2;
CREATE INDEX job_slot ON {s}job (slot, state, rank, id) WHERE slot <> '';
CREATE INDEX job_deadline ON {s}job (deadline) WHERE deadline > 0 AND state IN (0, 2, 3);
CREATE INDEX job_dead ON {s}job (id) WHERE state >= 4;
CREATE INDEX job_run ON {s}job (run);
CREATE TABLE {s}robot (
  name    TEXT PRIMARY KEY,
  owner   TEXT NOT NULL,
  labels  TEXT NOT NULL,
  facts   TEXT NOT NULL,
  slots   INTEGER NOT NULL,
  busy    INTEGER NOT NULL DEFAULT 0,
  paused  SMALLINT NOT NULL DEFAULT 0,
  state   TEXT NOT NULL,
  started BIGINT NOT NULL,
  seen    BIGINT NOT NULL
);
CREATE TABLE {s}job_key (
  tenant TEXT NOT NULL,
  name   TEXT NOT NULL,
  run    TEXT NOT NULL,
  job    BIGINT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE INDEX job_key_at ON {s}job_key (at);
CREATE TABLE {s}job_log (
  at      BIGINT NOT NULL,
  job     BIGINT NOT NULL,
  run     TEXT NOT NULL,
  event   TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  robot   TEXT NOT NULL,
  created BIGINT NOT NULL,
  claimed BIGINT NOT NULL,
  detail  TEXT NOT NULL
) {by_time};
--postgres
CREATE TABLE {s}job_log_rest PARTITION OF {s}job_log DEFAULT;
CREATE INDEX job_log_run ON {s}job_log (run, at);
CREATE INDEX job_log_at ON {s}job_log (at);
