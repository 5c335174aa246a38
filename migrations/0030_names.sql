-- How names are told apart, ordered and found (src/domain/name.rs): keys that the program computes, so that both databases answer alike.
-- From here on `name_key` orders; what it was before is computed again when the program migrates.

-- Two things in a container with the same of these have the same name (DRIVE-5).
ALTER TABLE resource ADD COLUMN name_same TEXT;
DROP INDEX resource_by_name;
CREATE UNIQUE INDEX resource_by_name ON resource (parent_id, name_same) WHERE trashed_with IS NULL;
CREATE INDEX resource_sites_by_name ON resource (account_id, name_same, id) WHERE kind = 'site' AND trashed_with IS NULL;

-- The name as it is searched: without accents. For an invitation without a name, its address.
ALTER TABLE person ADD COLUMN name_search TEXT;
ALTER TABLE membership ADD COLUMN name_search TEXT;
ALTER TABLE invitation ADD COLUMN name_search TEXT;

-- By which version of the rules all keys are computed; nothing before they are.
CREATE TABLE name_rules (
    version BIGINT PRIMARY KEY NOT NULL
);
