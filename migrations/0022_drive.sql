-- Who looked at an organization's Drive as somebody else sees it, and when that began (View as): a look is written down in
-- the audit log when it begins, not with every page.

CREATE TABLE looked_as (
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    viewer_id UUID NOT NULL REFERENCES person (id),
    person_id UUID NOT NULL REFERENCES person (id),
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, viewer_id, person_id)
);

-- What a letter is about, where several about the same thing are to become one (MAIL-1): the last of them takes the place of
-- those that wait.
ALTER TABLE outbox ADD COLUMN topic TEXT;
CREATE INDEX outbox_by_topic ON outbox (topic, recipient, created_at) WHERE topic IS NOT NULL;
