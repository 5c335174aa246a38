-- Deleting files can be undone (FILE-6), and organizations take turns with the workers that open photos and make layers.

-- A row is a file of a dataset that was deleted less than a day ago. It holds its bytes, takes no storage of the organization, and has
-- the number that it had. Undo makes it a file again; the sweeper forgets it.
CREATE TABLE deleted_file (
    dataset_id UUID NOT NULL REFERENCES resource (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    side TEXT NOT NULL CHECK (side IN ('input', 'output')),
    path TEXT NOT NULL,
    path_key TEXT NOT NULL,
    path_sort TEXT NOT NULL,
    blob_id UUID NOT NULL REFERENCES blob (id),
    left_out BOOLEAN NOT NULL,
    modified_at BIGINT,
    created_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    role TEXT,
    job_id UUID,
    app_id UUID,
    deleted_at BIGINT NOT NULL,
    PRIMARY KEY (dataset_id, number)
);
-- Whether a blob can still be brought back.
CREATE INDEX deleted_file_blob_id_idx ON deleted_file (blob_id);
CREATE INDEX deleted_file_deleted_at_dataset_id_number_idx ON deleted_file (deleted_at, dataset_id, number);

-- In whose turn a photo is opened: that of the organization that it came to first. Empty for what waited before there were turns and
-- is in no dataset any more.
ALTER TABLE photo ADD COLUMN organization_id UUID;
UPDATE photo SET organization_id = (
    SELECT r.organization_id FROM dataset_file f JOIN resource r ON r.id = f.dataset_id WHERE f.blob_id = photo.blob_id ORDER BY f.dataset_id LIMIT 1)
WHERE state = 'waiting';
CREATE INDEX photo_organization_id_due_at_idx ON photo (organization_id, due_at) WHERE state = 'waiting';

-- The same for layers.
ALTER TABLE view_layer ADD COLUMN organization_id UUID;
UPDATE view_layer SET organization_id = (
    SELECT r.organization_id FROM dataset_file f JOIN resource r ON r.id = f.dataset_id WHERE f.blob_id = view_layer.blob_id ORDER BY f.dataset_id LIMIT 1)
WHERE state = 'waiting';
CREATE INDEX view_layer_organization_id_due_at_idx ON view_layer (organization_id, due_at) WHERE state = 'waiting';
