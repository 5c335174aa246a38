-- Layers of the viewer (VIEW-1): rasters that jobs made, as pyramids of tiles.

-- A row is what a blob is shown as. It belongs to the bytes, so all files with the same bytes share it, and a copy needs none of its own.
CREATE TABLE view_layer (
    blob_id UUID NOT NULL REFERENCES blob (id),
    kind TEXT NOT NULL CHECK (kind IN ('mosaic', 'orthophoto', 'elevation', 'coverage')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'failed')),
    -- It is made then, and not before; a node that is at it moves this on (a lease).
    due_at BIGINT NOT NULL,
    -- The node that is at it, and the object that it writes.
    claim_id UUID,
    object_id UUID UNIQUE,
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    -- The file of tiles, and how many of its first bytes say where each tile is.
    tiles_blob_id UUID REFERENCES blob (id),
    index_bytes BIGINT CHECK (index_bytes > 0),
    -- Pixels of the finest level, and how many levels there are.
    width BIGINT CHECK (width > 0),
    height BIGINT CHECK (height > 0),
    levels BIGINT CHECK (levels > 0),
    -- Where pixels are: a grid of places, in nanodegrees, as JSON.
    grid TEXT,
    -- Why it cannot be shown.
    problem TEXT,
    PRIMARY KEY (blob_id, kind),
    CHECK ((claim_id IS NULL) = (object_id IS NULL)),
    CHECK (claim_id IS NULL OR state = 'waiting'),
    CHECK ((state = 'ready') = (tiles_blob_id IS NOT NULL)),
    CHECK (state <> 'ready' OR (index_bytes IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL AND levels IS NOT NULL AND grid IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
);
CREATE INDEX view_layer_due_at_idx ON view_layer (due_at) WHERE state = 'waiting';
-- Whether a blob is the file of tiles of a layer.
CREATE INDEX view_layer_tiles_blob_id_idx ON view_layer (tiles_blob_id) WHERE tiles_blob_id IS NOT NULL;

-- What Survey index wrote before it said which file is its coverage.
UPDATE dataset_file SET role = 'coverage'
WHERE role = 'other' AND (path_key = 'coverage.tif' OR path_key LIKE '%/coverage.tif')
    AND app_id IN (SELECT id FROM app WHERE slug = 'survey-index' AND organization_id IS NULL);
UPDATE job_output SET role = 'coverage'
WHERE role = 'other' AND path_key = 'coverage.tif'
    AND job_id IN (SELECT j.id FROM job j JOIN app a ON a.id = j.app_id WHERE a.slug = 'survey-index' AND a.organization_id IS NULL);

-- What is there already is shown as well.
INSERT INTO view_layer (blob_id, kind, state, due_at, attempts)
SELECT DISTINCT f.blob_id, CASE WHEN f.role IN ('dsm', 'dtm') THEN 'elevation' ELSE f.role END, 'waiting', b.created_at, 0
FROM dataset_file f JOIN blob b ON b.id = f.blob_id
WHERE f.side = 'output' AND f.role IN ('mosaic', 'orthophoto', 'dsm', 'dtm', 'coverage')
    AND (b.media = 'image/tiff' OR f.path_key LIKE '%.tif' OR f.path_key LIKE '%.tiff');

-- A TIFF among the results is no photo. What was made of it as one is freed; what is being opened at this moment stays.
INSERT INTO object_trash (object_id, cluster, not_before, attempts)
SELECT v.object_id, b.cluster, b.created_at, 0
FROM photo_preview v JOIN photo p ON p.blob_id = v.blob_id JOIN blob b ON b.id = v.blob_id
WHERE b.media = 'image/tiff' AND p.claim_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM dataset_file f WHERE f.blob_id = b.id AND f.side = 'input');
DELETE FROM photo_preview WHERE blob_id IN (
    SELECT p.blob_id FROM photo p JOIN blob b ON b.id = p.blob_id
    WHERE b.media = 'image/tiff' AND p.claim_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM dataset_file f WHERE f.blob_id = b.id AND f.side = 'input'));
DELETE FROM photo WHERE claim_id IS NULL AND blob_id IN (
    SELECT b.id FROM blob b
    WHERE b.media = 'image/tiff' AND NOT EXISTS (SELECT 1 FROM dataset_file f WHERE f.blob_id = b.id AND f.side = 'input'));
