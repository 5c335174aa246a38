-- A credential key acts under an identity of its own (AUTH-6): a row of `person` with the id of the key, so that what it makes
-- names it as its maker, and its undos and its long work are its own. Nobody can sign in as it, be invited as it or be given
-- anything as it: it has no address (its email_key has no "@"), no password, and is marked as deleted, so no list of people has
-- it. It stands in no `membership`.
INSERT INTO person (id, email, email_key, email_verified, first_name, last_name, password_hash, language, cluster, created_at, name_key, deleted_at)
SELECT k.id, '', 'key ' || CAST(ROW_NUMBER() OVER (ORDER BY k.id) AS TEXT), FALSE, k.name, '(key)', '', 'en', '', k.created_at, k.name, k.created_at
FROM credential_key k;

-- The keys that work, each with its account.
CREATE VIEW machine AS
    SELECT k.id AS person_id, k.organization_id, k.account_id FROM credential_key k
    JOIN account a ON a.id = k.account_id JOIN organization o ON o.id = k.organization_id
    WHERE k.revoked_at IS NULL AND a.deleted_at IS NULL AND o.deleted_at IS NULL;

-- As what somebody stands in what is of an account: people as they are in `account_membership`, and a machine in its own account
-- alone, as a Manager; its scopes say how much of that it may use. A machine is in no `living_membership`: what is given to an
-- organization is given to its people.
CREATE VIEW account_standing AS
    SELECT organization_id, account_id, person_id, role FROM account_membership
    UNION ALL
    SELECT organization_id, account_id, person_id, 'manager' AS role FROM machine;

-- The names of an organization's keys, newest first, for who filters the log.
CREATE INDEX credential_key_by_age ON credential_key (organization_id, id);
