-- People sorted by when they were last here (PEOPLE-1): copied from person, so that a page is read from one index; 0 for never.
ALTER TABLE membership ADD COLUMN seen_at BIGINT;
UPDATE membership SET seen_at = COALESCE((SELECT p.last_seen_at FROM person p WHERE p.id = membership.person_id), 0);
CREATE INDEX membership_list_by_seen ON membership (organization_id, seen_at, name_key, person_id);
