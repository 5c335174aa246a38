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

-- Filters of the Activity page (AUDIT-1).
CREATE INDEX audit_by_actor ON audit (organization_id, actor_id, id);
CREATE INDEX audit_by_action ON audit (organization_id, action, id);
