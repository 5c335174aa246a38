-- Apps (JOB-1), jobs (JOB-2), engines (JOB-6), and what a membership lets through to a person (JOB-5).

-- A row is an app. Its slug is claimed for good.
CREATE TABLE app (
    id UUID PRIMARY KEY NOT NULL,
    -- Who publishes it; NULL for what the program has built in.
    organization_id UUID REFERENCES organization (id),
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    price_rule TEXT NOT NULL CHECK (price_rule IN ('free', 'processing')),
    -- Whether its success makes a dataset Processed.
    makes_processed BOOLEAN NOT NULL,
    -- Whether everybody may run it: the operator says so.
    everybody BOOLEAN NOT NULL DEFAULT FALSE,
    state TEXT NOT NULL CHECK (state IN ('draft', 'published', 'withdrawn')),
    -- The number of its newest version; 0 for none.
    last_version BIGINT NOT NULL CHECK (last_version >= 0),
    created_by UUID REFERENCES person (id),
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL
);
CREATE INDEX app_organization_id_slug_idx ON app (organization_id, slug);
CREATE INDEX app_everybody_slug_idx ON app (slug) WHERE everybody AND state = 'published';

-- A row is a version of an app. It never changes.
CREATE TABLE app_version (
    app_id UUID NOT NULL REFERENCES app (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    label TEXT NOT NULL,
    -- The options and the outputs that it declares, as JSON.
    options TEXT NOT NULL,
    outputs TEXT NOT NULL,
    -- How long a job may run.
    timeout_millis BIGINT NOT NULL CHECK (timeout_millis > 0),
    notes TEXT NOT NULL,
    created_by UUID REFERENCES person (id),
    created_by_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, number)
);

-- A row is a person or an organization that may run an app.
CREATE TABLE app_user (
    app_id UUID NOT NULL REFERENCES app (id),
    -- The person or the organization: exactly one of the two.
    user_id UUID NOT NULL,
    person_id UUID REFERENCES person (id),
    organization_id UUID REFERENCES organization (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, user_id),
    CHECK ((person_id IS NULL) <> (organization_id IS NULL)),
    CHECK (user_id = COALESCE(person_id, organization_id))
);
CREATE INDEX app_user_person_id_app_id_idx ON app_user (person_id, app_id) WHERE person_id IS NOT NULL;
CREATE INDEX app_user_organization_id_app_id_idx ON app_user (organization_id, app_id) WHERE organization_id IS NOT NULL;

-- What a membership lets through to the person (JOB-5). NULL and FALSE are what the role has by itself: at most Editor, apps, and
-- billable activity for everybody but Members.
ALTER TABLE membership ADD COLUMN max_level TEXT CHECK (max_level IN ('reader', 'uploader', 'editor', 'manager'));
ALTER TABLE membership ADD COLUMN without_apps BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE membership ADD COLUMN billable BOOLEAN;

-- Jobs hold the images of their dataset from when they are queued until they end. How many do so now.
ALTER TABLE resource ADD COLUMN live_jobs BIGINT NOT NULL DEFAULT 0 CHECK (live_jobs >= 0);
-- How many images were charged to `charged_to`; it says something only where that is set.
ALTER TABLE resource ADD COLUMN charged_images BIGINT NOT NULL DEFAULT 0 CHECK (charged_images >= 0);
UPDATE resource SET charged_images = images WHERE charged_to IS NOT NULL;

-- A row is an app's run on a dataset. It stays when the dataset is deleted or transferred.
CREATE TABLE job (
    id UUID PRIMARY KEY NOT NULL,
    -- The organization and the account that the dataset was in: they pay.
    organization_id UUID NOT NULL REFERENCES organization (id),
    account_id UUID NOT NULL REFERENCES account (id),
    -- No foreign key: the dataset may be deleted since.
    dataset_id UUID NOT NULL,
    dataset_name TEXT NOT NULL,
    app_id UUID NOT NULL REFERENCES app (id),
    app_version BIGINT NOT NULL,
    -- The values of its options, as JSON.
    options TEXT NOT NULL,
    -- What the app said when it began: whether it costs what processing costs, and whether its success makes the dataset Processed.
    price_rule TEXT NOT NULL CHECK (price_rule IN ('free', 'processing')),
    makes_processed BOOLEAN NOT NULL,
    -- Whether no other job like it may be under way on the dataset.
    exclusive BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting_for_credits', 'queued', 'running', 'cancelling', 'done', 'failed', 'cancelled')),
    -- In thousandths.
    progress BIGINT NOT NULL CHECK (progress BETWEEN 0 AND 1000),
    step TEXT NOT NULL,
    -- How often an engine took it, those that gave it back not counted.
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    -- The lease of the engine that is at it, and until when. Every write of an engine names it.
    lease_id UUID,
    lease_until BIGINT,
    engine_key_id UUID REFERENCES credential_key (id),
    engine_name TEXT,
    -- When the version's time is over.
    deadline_at BIGINT,
    timeout_millis BIGINT NOT NULL CHECK (timeout_millis > 0),
    -- What it works on: the number of images, and a digest of the paths and checksums of all inputs.
    images BIGINT NOT NULL CHECK (images >= 0),
    inputs_digest TEXT,
    -- How far the dataset had come before it, for when it is cancelled.
    status_before TEXT NOT NULL CHECK (status_before IN ('draft', 'processed', 'failed')),
    -- What it may cost at most, as JSON; NULL for whatever it costs.
    max_price TEXT,
    -- What was charged, to which licence, and whether it was given back.
    licence_id UUID REFERENCES licence (id),
    price_images BIGINT NOT NULL CHECK (price_images >= 0),
    price_projects BIGINT NOT NULL CHECK (price_projects >= 0),
    price_credits BIGINT NOT NULL CHECK (price_credits >= 0),
    refunded BOOLEAN NOT NULL DEFAULT FALSE,
    failure_kind TEXT CHECK (failure_kind IN ('app_error', 'input_error', 'insufficient_resources', 'engine_lost', 'timeout')),
    message TEXT,
    -- How many lines its log has, and how many it had when the engine took it.
    log_lines BIGINT NOT NULL CHECK (log_lines >= 0),
    -- How many bytes of text engines wrote into it.
    log_bytes BIGINT NOT NULL CHECK (log_bytes >= 0),
    log_start BIGINT NOT NULL CHECK (log_start >= 0),
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    queued_at BIGINT,
    started_at BIGINT,
    ended_at BIGINT,
    FOREIGN KEY (app_id, app_version) REFERENCES app_version (app_id, number),
    CHECK ((lease_id IS NULL) = (state NOT IN ('running', 'cancelling'))),
    CHECK ((lease_id IS NULL) = (lease_until IS NULL)),
    CHECK ((ended_at IS NULL) = (state IN ('waiting_for_credits', 'queued', 'running', 'cancelling'))),
    CHECK (licence_id IS NOT NULL OR (price_images = 0 AND price_projects = 0 AND price_credits = 0 AND refunded = FALSE))
);
-- The queue of each app.
CREATE INDEX job_app_id_queued_at_id_idx ON job (app_id, queued_at, id) WHERE state = 'queued';
CREATE INDEX job_lease_until_id_idx ON job (lease_until, id) WHERE lease_until IS NOT NULL;
CREATE INDEX job_deadline_at_id_idx ON job (deadline_at, id) WHERE deadline_at IS NOT NULL;
-- What is under way on a dataset. Of those that exclude each other, only one is.
CREATE INDEX job_dataset_id_id_idx ON job (dataset_id, id);
CREATE UNIQUE INDEX job_dataset_id_key ON job (dataset_id) WHERE exclusive AND ended_at IS NULL;
CREATE INDEX job_dataset_id_idx ON job (dataset_id) WHERE ended_at IS NULL;
-- Monitor, one for each filter.
CREATE INDEX job_organization_id_created_at_id_idx ON job (organization_id, created_at, id);
CREATE INDEX job_organization_id_state_created_at_id_idx ON job (organization_id, state, created_at, id);
CREATE INDEX job_organization_id_app_id_created_at_id_idx ON job (organization_id, app_id, created_at, id);
CREATE INDEX job_organization_id_person_id_created_at_id_idx ON job (organization_id, person_id, created_at, id);
CREATE INDEX job_organization_id_idx ON job (organization_id) WHERE ended_at IS NULL;

-- A row is a token that an engine got when it took a job: it reads the inputs of that job and writes its outputs, under that lease.
CREATE TABLE job_token (
    token_hash TEXT PRIMARY KEY NOT NULL,
    job_id UUID NOT NULL REFERENCES job (id),
    lease_id UUID NOT NULL,
    key_id UUID NOT NULL REFERENCES credential_key (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX job_token_job_id_idx ON job_token (job_id);
CREATE INDEX job_token_created_at_idx ON job_token (created_at);

-- A row is a line of a job's log.
CREATE TABLE job_log (
    job_id UUID NOT NULL REFERENCES job (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    logged_at BIGINT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error')),
    line TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
);

-- A row is a file that an engine has written for a job: nobody sees it until the job is done, and then it is a result of the dataset.
CREATE TABLE job_output (
    job_id UUID NOT NULL REFERENCES job (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    path TEXT NOT NULL,
    path_key TEXT NOT NULL,
    path_sort TEXT NOT NULL,
    role TEXT NOT NULL,
    blob_id UUID NOT NULL REFERENCES blob (id),
    modified_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, number),
    UNIQUE (job_id, path_key)
);
CREATE INDEX job_output_blob_id_idx ON job_output (blob_id);

-- The job that a change of a balance is about.
ALTER TABLE ledger_entry ADD COLUMN job_id UUID;

-- What a result is, and the job and the app that made it; NULL for what a person uploaded.
ALTER TABLE dataset_file ADD COLUMN role TEXT;
ALTER TABLE dataset_file ADD COLUMN job_id UUID;
ALTER TABLE dataset_file ADD COLUMN app_id UUID;
CREATE INDEX dataset_file_dataset_id_app_id_idx ON dataset_file (dataset_id, app_id) WHERE app_id IS NOT NULL;

-- The job that an upload is an output of, and what it will be.
ALTER TABLE upload ADD COLUMN job_id UUID REFERENCES job (id);
ALTER TABLE upload ADD COLUMN role TEXT;
DROP INDEX upload_dataset_id_person_id_side_path_key_key;
CREATE UNIQUE INDEX upload_dataset_id_person_id_side_path_key_key ON upload (dataset_id, person_id, side, path_key) WHERE file_number IS NULL AND job_id IS NULL;
CREATE UNIQUE INDEX upload_job_id_path_key_key ON upload (job_id, path_key) WHERE file_number IS NULL AND job_id IS NOT NULL;
CREATE INDEX upload_job_id_idx ON upload (job_id) WHERE job_id IS NOT NULL;
