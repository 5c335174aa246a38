-- How many invitations an organization sent in a day (attack 27).
CREATE INDEX invitation_by_sent ON invitation (organization_id, sent_at);

-- What somebody who is signed in filled into a form that was refused without script, where it is too long for a cookie: one
-- for each person, for minutes.
CREATE TABLE kept_form (
    person_id UUID PRIMARY KEY NOT NULL REFERENCES person (id),
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX kept_form_by_expiry ON kept_form (expires_at);
