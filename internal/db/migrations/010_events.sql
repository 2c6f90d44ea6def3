CREATE TABLE {s}event_batch (
  n        {serial},
  run      TEXT NOT NULL,
  seq_from BIGINT NOT NULL,
  seq_to   BIGINT NOT NULL,
  at       BIGINT NOT NULL
);
