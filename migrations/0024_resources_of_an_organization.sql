-- Nothing lists the resources of an organization by name any more: search has words of its own. What is left asks whether there
-- are any, and a transfer changes every entry, so the entries are short and lie beside each other.

DROP INDEX resource_by_organization;
CREATE INDEX resource_by_organization ON resource (organization_id, id);
