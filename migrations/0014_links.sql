-- Share links (LINK-1): when one was last opened, to the hour, so that who may revoke it sees whether it is used.
ALTER TABLE share_link ADD COLUMN last_opened_at BIGINT;
CREATE INDEX share_link_newest ON share_link (resource_id, created_at, id);
