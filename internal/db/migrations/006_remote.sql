CREATE TABLE {s}record (
  id   {serial},
  run  TEXT NOT NULL,
  name TEXT NOT NULL,
  data TEXT NOT NULL,
  UNIQUE (run, name)
);
CREATE TABLE {s}remote_run (
  run    TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence  BIGINT NOT NULL
);
