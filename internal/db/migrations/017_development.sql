ALTER TABLE {s}run ADD COLUMN development TEXT NOT NULL DEFAULT '';
CREATE INDEX run_development ON {s}run (flow, created, id) WHERE development <> '';
