-- Personal spaces that hold work or a licence while their person belongs to an organization are organizations (PEOPLE-4b,
-- SPACE-1). Until now a licence did not count, nor what came after joining.
UPDATE organization SET space_of = NULL
WHERE space_of IS NOT NULL
    AND EXISTS (SELECT 1 FROM membership m WHERE m.person_id = organization.space_of AND m.organization_id <> organization.id)
    AND (EXISTS (SELECT 1 FROM account a JOIN resource r ON r.parent_id = a.root_id WHERE a.deleted_at IS NULL AND a.organization_id = organization.id)
        OR EXISTS (SELECT 1 FROM licence l WHERE l.organization_id = organization.id AND l.product <> 'discovery'));
