-- Pages that cost the same however many organizations somebody belongs to (ORG-6), and what is shared with them (PEOPLE-9).

-- The name as names are ordered and as they are searched (src/domain/name.rs); copied into membership, so that a page of one's
-- organizations is read from one index. The program computes both when it migrates.
ALTER TABLE organization ADD COLUMN name_key TEXT;
ALTER TABLE organization ADD COLUMN name_search TEXT;
ALTER TABLE membership ADD COLUMN organization_key TEXT;
ALTER TABLE membership ADD COLUMN organization_search TEXT;
-- When its pages were last looked at by this person, to within a few minutes; 0 for never.
ALTER TABLE membership ADD COLUMN used_at BIGINT;
UPDATE membership SET used_at = 0;
CREATE INDEX membership_mine_by_name ON membership (person_id, organization_key, organization_id);
CREATE INDEX membership_mine_by_use ON membership (person_id, used_at, organization_id);

-- With it, so that a list of one's organizations reads what a role is where it is said (see 0018).
DROP VIEW living_membership;
CREATE VIEW living_membership AS
    SELECT m.organization_id, m.person_id, CASE WHEN m.limited AND m.role = 'manager' THEN 'editor' ELSE m.role END AS role,
        m.role AS given, m.limited, m.used_at
    FROM membership m JOIN organization o ON o.id = m.organization_id WHERE o.deleted_at IS NULL;

-- The newest grants of somebody, and of an organization.
DROP INDEX access_grant_by_person;
CREATE INDEX access_grant_by_person ON access_grant (person_id, id);
DROP INDEX access_grant_by_organization;
CREATE INDEX access_grant_by_organization ON access_grant (organization_id, id);
