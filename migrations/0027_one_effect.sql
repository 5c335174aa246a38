-- A request that is sent again has one effect, whatever ends between its change and its answer (API-1); writers that wait for
-- their turn; and whether something can be written at all.

-- Answers that were kept before were kept in clear, secrets of keys among them.
DELETE FROM idempotency_key;
-- Who is at it: of two that carry out the same request, the one whose claim this is may keep its answer and its change.
ALTER TABLE idempotency_key ADD COLUMN claim UUID;
-- What the caller could do when the answer was given, a digest in each line.
ALTER TABLE idempotency_key ADD COLUMN standing TEXT;

-- Nothing is ever in it. On PostgreSQL every write locks it: shared, or alone where others were in its way too often.
CREATE TABLE writing (
    id BIGINT PRIMARY KEY NOT NULL
);

-- What was written last to see whether something can be written.
CREATE TABLE health (
    id UUID PRIMARY KEY NOT NULL,
    checked_at BIGINT NOT NULL,
    filler TEXT NOT NULL
);
