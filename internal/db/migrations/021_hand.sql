CREATE TABLE {s}hand (
  run      TEXT PRIMARY KEY,
  id       TEXT NOT NULL,
  person   TEXT NOT NULL,
  since    BIGINT NOT NULL,
  seen     BIGINT NOT NULL,
  ready    BIGINT NOT NULL DEFAULT 0,
  back     TEXT NOT NULL DEFAULT '',
  go_on    BIGINT NOT NULL DEFAULT 0,
  why      TEXT NOT NULL DEFAULT '',
  state    TEXT NOT NULL DEFAULT '',
  gestures BIGINT NOT NULL DEFAULT 0,
  sent     BIGINT NOT NULL DEFAULT 0
) {hot};
CREATE TABLE {s}hand_input (
  run  TEXT NOT NULL,
  seq  BIGINT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (run, seq)
);
