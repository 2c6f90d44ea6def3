DROP INDEX {s}run_status;
DROP INDEX {s}run_flow;
CREATE INDEX run_status ON {s}run (status, created, id);
CREATE INDEX run_flow ON {s}run (flow, created, id);
CREATE INDEX run_flow_status ON {s}run (flow, status, created, id);
--postgres
CREATE INDEX run_prefix ON {s}run (id text_pattern_ops);
