-- Access that waits for somebody who is not known to the organization yet (ACCESS-2).

-- Set where no membership comes with the invitation: whoever accepts it reaches what was given, from outside (External).
ALTER TABLE invitation ADD COLUMN external BOOLEAN;
CREATE INDEX invitation_by_resource ON invitation (resource_id, id) WHERE state = 'pending' AND resource_id IS NOT NULL;

-- What was given to an address while an invitation waits for it, besides what the invitation began with.
CREATE TABLE invitation_grant (
    invitation_id UUID NOT NULL REFERENCES invitation (id) ON DELETE CASCADE,
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    level TEXT NOT NULL CHECK (level IN ('reader', 'uploader', 'editor', 'manager')),
    given_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (invitation_id, resource_id)
);
CREATE INDEX invitation_grant_by_resource ON invitation_grant (resource_id, invitation_id);
