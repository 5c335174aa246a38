-- Delivery of mail (MAIL-1): who is at it, since when it is through, and why it is not.

-- A worker's lease: until then nobody else tries.
ALTER TABLE outbox ADD COLUMN claimed_until BIGINT;
ALTER TABLE outbox ADD COLUMN sent_at BIGINT;
-- What the mail server said last, without secrets.
ALTER TABLE outbox ADD COLUMN last_error TEXT;
CREATE INDEX outbox_by_age ON outbox (created_at);
-- For the operator's list.
CREATE INDEX outbox_by_state ON outbox (state, id);
