ALTER TABLE {s}run ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
ALTER TABLE {s}run ADD COLUMN labels TEXT NOT NULL DEFAULT '';
CREATE INDEX run_waits ON {s}run (created, id) WHERE waits <> '';
CREATE TABLE {s}run_label (
  label   TEXT NOT NULL,
  created BIGINT NOT NULL,
  run     TEXT NOT NULL,
  PRIMARY KEY (label, created, run)
);
CREATE INDEX run_label_run ON {s}run_label (run);
