-- Manage People: lists that stay fast with 10,000 people, and what an invitation carries besides a role.

-- The full name as names are compared (see domain::text::key); copied into membership so that a page of people is read
-- from one index.
ALTER TABLE person ADD COLUMN name_key TEXT;
UPDATE person SET name_key = lower(first_name || ' ' || last_name);
-- When they were last here, kept to a few minutes.
ALTER TABLE person ADD COLUMN last_seen_at BIGINT;

ALTER TABLE membership ADD COLUMN name_key TEXT;
ALTER TABLE membership ADD COLUMN email_key TEXT;
-- Where the role sorts: 0 for Owner to 4 for Member.
ALTER TABLE membership ADD COLUMN role_rank BIGINT;
UPDATE membership SET
    name_key = (SELECT p.name_key FROM person p WHERE p.id = membership.person_id),
    email_key = (SELECT p.email_key FROM person p WHERE p.id = membership.person_id),
    role_rank = CASE role WHEN 'owner' THEN 0 WHEN 'manager' THEN 1 WHEN 'editor' THEN 2 WHEN 'reader' THEN 3 ELSE 4 END;
CREATE INDEX membership_list_by_name ON membership (organization_id, name_key, person_id);
CREATE INDEX membership_list_by_email ON membership (organization_id, email_key, person_id);
CREATE INDEX membership_list_by_role ON membership (organization_id, role_rank, name_key, person_id);

-- For a Member: what they will reach, and how (PEOPLE-2).
ALTER TABLE invitation ADD COLUMN resource_id UUID;
ALTER TABLE invitation ADD COLUMN level TEXT;
-- The name if one was given, else the email, as they are compared.
ALTER TABLE invitation ADD COLUMN name_key TEXT;
-- When the link was last mailed, and the mail that carries it.
ALTER TABLE invitation ADD COLUMN sent_at BIGINT;
ALTER TABLE invitation ADD COLUMN mail_id UUID;
ALTER TABLE invitation ADD COLUMN answered_at BIGINT;
UPDATE invitation SET name_key = lower(COALESCE(name, email_key)), sent_at = created_at;
CREATE INDEX invitation_list_by_name ON invitation (organization_id, state, name_key, id);
CREATE INDEX invitation_by_inviter ON invitation (invited_by, sent_at);

-- The organization that owns what a grant is on, so that the people from outside it are found without a walk through its
-- Drive (PEOPLE-9).
ALTER TABLE access_grant ADD COLUMN owner_id UUID;
UPDATE access_grant SET owner_id = (SELECT r.organization_id FROM resource r WHERE r.id = access_grant.resource_id);
CREATE INDEX access_grant_by_owner ON access_grant (owner_id, person_id);
