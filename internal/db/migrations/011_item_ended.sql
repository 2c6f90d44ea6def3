CREATE INDEX item_ended ON {s}item (ended, id) WHERE ended > 0 AND retry = 0;
