CREATE TABLE {s}flow_push (
  id      {serial},
  flow    TEXT NOT NULL,
  digest  TEXT NOT NULL,
  file    TEXT NOT NULL,
  text    TEXT NOT NULL,
  author  TEXT NOT NULL,
  message TEXT NOT NULL,
  created BIGINT NOT NULL
);
CREATE INDEX flow_push_flow ON {s}flow_push (flow, id);
CREATE INDEX flow_push_digest ON {s}flow_push (flow, digest, id);
