-- Organization settings (ORG-4, ORG-5, PEOPLE-11), and organizations that were deleted and can be restored for 30 days.

ALTER TABLE organization ADD COLUMN legal_contact TEXT;
ALTER TABLE organization ADD COLUMN vat_exempt BOOLEAN;
ALTER TABLE organization ADD COLUMN protection_officer_name TEXT;
ALTER TABLE organization ADD COLUMN protection_officer_position TEXT;
ALTER TABLE organization ADD COLUMN protection_officer_phone TEXT;
ALTER TABLE organization ADD COLUMN website TEXT;
ALTER TABLE organization ADD COLUMN industry TEXT;
ALTER TABLE organization ADD COLUMN language TEXT;
-- Where what is created next is processed and stored.
ALTER TABLE organization ADD COLUMN cluster TEXT;
-- Who sees the people list: 'managers', or NULL for everyone with an organization-level role (PEOPLE-11).
ALTER TABLE organization ADD COLUMN people_visible_to TEXT;
-- While it is set, the organization does not exist for anybody but its Owners, who may restore it (ORG-4).
ALTER TABLE organization ADD COLUMN deleted_at BIGINT;
ALTER TABLE organization ADD COLUMN deleted_by UUID;
CREATE INDEX organization_deleted ON organization (deleted_at) WHERE deleted_at IS NOT NULL;

-- The one place that says what "deleted" means: such an organization has no people, and owns nothing that can be reached.
-- Whatever decides who may see or do something reads these two, never the tables under them.
CREATE VIEW living_organization AS SELECT id FROM organization WHERE deleted_at IS NULL;
CREATE VIEW living_membership AS
    SELECT m.organization_id, m.person_id, m.role FROM membership m
    JOIN organization o ON o.id = m.organization_id WHERE o.deleted_at IS NULL;

-- The Activity page (AUDIT-1): newest first, by person or by kind of action, between two days.
CREATE INDEX audit_by_time ON audit (organization_id, at, id);
CREATE INDEX audit_by_actor ON audit (organization_id, actor_id, at, id);
CREATE INDEX audit_by_action ON audit (organization_id, action, at, id);
