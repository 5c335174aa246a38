-- Files of datasets (FILE): what is in them, the bytes in object storage, what is on its way, and what is to be freed.

-- How many files a dataset has. Its images and bytes follow from them as long as it has any (FILE-5).
ALTER TABLE resource ADD COLUMN files BIGINT NOT NULL DEFAULT 0 CHECK (files >= 0);
-- The highest number that a file of the dataset ever had. No number is given twice.
ALTER TABLE resource ADD COLUMN last_file BIGINT NOT NULL DEFAULT 0 CHECK (last_file >= files);
-- What an organization stores, the trash included.
CREATE INDEX resource_organization_id_bytes_idx ON resource (organization_id, bytes) WHERE files > 0;

-- How many bytes an organization may store; NULL for as many as it likes. The operator sets it.
ALTER TABLE organization ADD COLUMN storage_limit BIGINT CHECK (storage_limit >= 0);

-- A row is the bytes of one or more files, stored once in a cluster (FILE-1). It never changes. It is deleted with its last file,
-- and its objects wait in `object_trash` then.
CREATE TABLE blob (
    id UUID PRIMARY KEY NOT NULL,
    cluster TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (LENGTH(sha256) = 64),
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    crc32 BIGINT NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295),
    -- What it is by its first bytes.
    media TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (cluster, sha256, bytes)
);

-- A row is one object of a blob. Together, in order, they are its bytes.
CREATE TABLE blob_piece (
    blob_id UUID NOT NULL REFERENCES blob (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    object_id UUID NOT NULL UNIQUE,
    bytes BIGINT NOT NULL CHECK (bytes > 0),
    PRIMARY KEY (blob_id, number)
);

-- A row is a file of a dataset. It has no ON DELETE CASCADE: who deletes a dataset has to say what becomes of the bytes.
CREATE TABLE dataset_file (
    dataset_id UUID NOT NULL REFERENCES resource (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    side TEXT NOT NULL CHECK (side IN ('input', 'output')),
    path TEXT NOT NULL,
    -- Two files in a place with the same of these have the same path.
    path_key TEXT NOT NULL,
    -- Where the path sorts.
    path_sort TEXT NOT NULL,
    blob_id UUID NOT NULL REFERENCES blob (id),
    -- Whether it is left out of what is processed and counted.
    left_out BOOLEAN NOT NULL DEFAULT FALSE,
    -- When it was changed last, as its sender said.
    modified_at BIGINT,
    created_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (dataset_id, number),
    UNIQUE (dataset_id, side, path_key)
);
CREATE INDEX dataset_file_dataset_id_side_path_sort_number_idx ON dataset_file (dataset_id, side, path_sort, number);
-- What a person uploaded, for the export of their data.
CREATE INDEX dataset_file_created_by_dataset_id_number_idx ON dataset_file (created_by, dataset_id, number);
-- Whether a blob has a file left.
CREATE INDEX dataset_file_blob_id_idx ON dataset_file (blob_id);

-- A row is a file on its way (FILE-3). Once it is complete it stays for a day, for who asks again.
CREATE TABLE upload (
    id UUID PRIMARY KEY NOT NULL,
    dataset_id UUID NOT NULL REFERENCES resource (id),
    -- Who sends it: nobody else goes on with it.
    person_id UUID NOT NULL REFERENCES person (id),
    side TEXT NOT NULL CHECK (side IN ('input', 'output')),
    path TEXT NOT NULL,
    path_key TEXT NOT NULL,
    on_conflict TEXT NOT NULL CHECK (on_conflict IN ('ask', 'keep_both', 'replace', 'skip')),
    modified_at BIGINT,
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    received BIGINT NOT NULL CHECK (received BETWEEN 0 AND bytes),
    -- How many pieces were begun.
    pieces BIGINT NOT NULL CHECK (pieces >= 0),
    -- The checksums of what is here, so that nothing is read twice: the state of SHA-256 in hexadecimal, and CRC-32.
    hash_state TEXT NOT NULL,
    crc32 BIGINT NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295),
    -- The first bytes, in hexadecimal: they say what it is.
    head TEXT NOT NULL,
    -- The request that sends bytes now, and until when it holds the upload.
    claim_id UUID,
    claimed_until BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The file it became.
    file_number BIGINT,
    CHECK ((claim_id IS NULL) = (claimed_until IS NULL)),
    CHECK (file_number IS NULL OR (received = bytes AND claim_id IS NULL))
);
CREATE UNIQUE INDEX upload_dataset_id_person_id_side_path_key_key ON upload (dataset_id, person_id, side, path_key) WHERE file_number IS NULL;
CREATE INDEX upload_dataset_id_idx ON upload (dataset_id);
CREATE INDEX upload_dataset_id_person_id_id_idx ON upload (dataset_id, person_id, id) WHERE file_number IS NULL;
CREATE INDEX upload_expires_at_idx ON upload (expires_at);
CREATE INDEX upload_claimed_until_idx ON upload (claimed_until) WHERE claimed_until IS NOT NULL;

-- A row is one object of an upload.
CREATE TABLE upload_piece (
    upload_id UUID NOT NULL REFERENCES upload (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    object_id UUID NOT NULL UNIQUE,
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    state TEXT NOT NULL CHECK (state IN ('writing', 'written')),
    PRIMARY KEY (upload_id, number)
);

-- A row is a blob that lost a file: the sweeper looks whether it has another.
CREATE TABLE blob_check (
    blob_id UUID PRIMARY KEY NOT NULL REFERENCES blob (id),
    created_at BIGINT NOT NULL
);

-- A row is an object that nothing refers to any more.
CREATE TABLE object_trash (
    object_id UUID PRIMARY KEY NOT NULL,
    cluster TEXT NOT NULL,
    -- It is deleted then, and not before; a node that is deleting it moves this on (a lease).
    not_before BIGINT NOT NULL,
    attempts BIGINT NOT NULL CHECK (attempts >= 0)
);
CREATE INDEX object_trash_not_before_idx ON object_trash (not_before);
