--postgres
DROP INDEX {s}job_log_run;
--postgres
CREATE INDEX job_log_run ON {s}job_log USING brin (run) WITH (autosummarize = on);
--postgres
ALTER INDEX {s}job_pkey SET (fillfactor = 48);
--postgres
ALTER INDEX {s}job_run SET (fillfactor = 48);
