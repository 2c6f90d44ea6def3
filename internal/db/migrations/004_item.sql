CREATE TABLE {s}item_queue (
  id               {serial},
  run              TEXT NOT NULL DEFAULT '',
  name             TEXT NOT NULL,
  description      TEXT NOT NULL DEFAULT '',
  content_schema   TEXT NOT NULL DEFAULT '',
  output_schema    TEXT NOT NULL DEFAULT '',
  unique_reference SMALLINT NOT NULL DEFAULT 0,
  max_retries      INTEGER NOT NULL DEFAULT 0,
  retry_backoff    BIGINT NOT NULL DEFAULT 0,
  lease            BIGINT NOT NULL,
  abandon_after    INTEGER NOT NULL,
  sla              BIGINT NOT NULL DEFAULT 0,
  sla_risk         BIGINT NOT NULL DEFAULT 0,
  created          BIGINT NOT NULL,
  UNIQUE (run, name)
);
CREATE TABLE {s}item (
  id          {serial},
  queue       BIGINT NOT NULL,
  state       SMALLINT NOT NULL,
  reference   TEXT NOT NULL DEFAULT '',
  sole        TEXT NOT NULL DEFAULT '',
  priority    SMALLINT NOT NULL,
  rank        BIGINT NOT NULL,
  ready_at    BIGINT NOT NULL,
  defer       BIGINT NOT NULL DEFAULT 0,
  due         BIGINT NOT NULL DEFAULT 0,
  risk        BIGINT NOT NULL DEFAULT 0,
  content     TEXT NOT NULL,
  files       TEXT NOT NULL DEFAULT '',
  progress    TEXT NOT NULL DEFAULT '',
  output      TEXT NOT NULL DEFAULT '',
  analytics   TEXT NOT NULL DEFAULT '',
  kind        TEXT NOT NULL DEFAULT '',
  reason      TEXT NOT NULL DEFAULT '',
  details     TEXT NOT NULL DEFAULT '',
  retry_of    BIGINT NOT NULL DEFAULT 0,
  retry_no    INTEGER NOT NULL DEFAULT 0,
  retry       BIGINT NOT NULL DEFAULT 0,
  taken       INTEGER NOT NULL DEFAULT 0,
  died        INTEGER NOT NULL DEFAULT 0,
  fence       BIGINT NOT NULL DEFAULT 0,
  token       TEXT NOT NULL DEFAULT '',
  run         TEXT NOT NULL DEFAULT '',
  robot       TEXT NOT NULL DEFAULT '',
  lease_until BIGINT NOT NULL DEFAULT 0,
  created     BIGINT NOT NULL,
  started     BIGINT NOT NULL DEFAULT 0,
  ended       BIGINT NOT NULL DEFAULT 0,
  review      TEXT NOT NULL DEFAULT '',
  reviewer    TEXT NOT NULL DEFAULT '',
  comment     TEXT NOT NULL DEFAULT '',
  version     BIGINT NOT NULL DEFAULT 1
) {hot};
CREATE INDEX item_ready ON {s}item (queue, rank, id) WHERE state = 0;
CREATE INDEX item_later ON {s}item (queue, ready_at) WHERE state = 2;
CREATE INDEX item_lease ON {s}item (lease_until) WHERE state = 1;
CREATE INDEX item_held ON {s}item (run) WHERE state = 1;
CREATE INDEX item_token ON {s}item (token) WHERE token <> '';
CREATE INDEX item_reference ON {s}item (queue, reference) WHERE reference <> '';
CREATE UNIQUE INDEX item_sole ON {s}item (queue, sole) WHERE sole <> '';
CREATE INDEX item_queue_state ON {s}item (queue, state, id);
CREATE TABLE {s}item_key (
  token  TEXT PRIMARY KEY,
  run    TEXT NOT NULL DEFAULT '',
  result TEXT NOT NULL,
  at     BIGINT NOT NULL
);
CREATE INDEX item_key_run ON {s}item_key (run) WHERE run <> '';
