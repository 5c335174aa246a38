-- Who answers for what waits with an invitation, links that a newer one took the place of, and invitations to chosen accounts.

-- Who answers for the role, and for what the invitation began with; NULL: who sent it last (invited_by).
ALTER TABLE invitation ADD COLUMN role_by UUID;
ALTER TABLE invitation ADD COLUMN reach_by UUID;
-- When somebody first wanted to accept what its sender can no longer give: the Owners were told then.
ALTER TABLE invitation ADD COLUMN owners_told_at BIGINT;
-- Set where the role will count only in the accounts of invitation_account (ACCT-2).
ALTER TABLE invitation ADD COLUMN limited BOOLEAN;

CREATE TABLE invitation_account (
    invitation_id UUID NOT NULL REFERENCES invitation (id) ON DELETE CASCADE,
    account_id UUID NOT NULL REFERENCES account (id),
    PRIMARY KEY (invitation_id, account_id)
);
CREATE INDEX invitation_account_by_account ON invitation_account (account_id, invitation_id);

-- Digests of links that were mailed before: they open nothing, and say that a newer one was sent (PEOPLE-10).
CREATE TABLE invitation_old_link (
    token_hash TEXT PRIMARY KEY NOT NULL,
    invitation_id UUID NOT NULL REFERENCES invitation (id) ON DELETE CASCADE
);
CREATE INDEX invitation_old_link_by_invitation ON invitation_old_link (invitation_id);
