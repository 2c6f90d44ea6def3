--postgres
DROP INDEX {s}job_log_at;
--postgres
CREATE INDEX job_log_at ON {s}job_log USING brin (at);
