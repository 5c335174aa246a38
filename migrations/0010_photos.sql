-- Photos (FILE-5): what cameras wrote into them, what was measured, and their previews.

-- A row is a blob that is opened as a photo. What is known belongs to the bytes, so all files with the same bytes share it.
CREATE TABLE photo (
    blob_id UUID PRIMARY KEY NOT NULL REFERENCES blob (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'made', 'failed')),
    -- It is opened then, and not before; a node that is at it moves this on (a lease).
    due_at BIGINT NOT NULL,
    -- The node that is at it.
    claim_id UUID,
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    -- As it is shown, upright.
    width BIGINT CHECK (width > 0),
    height BIGINT CHECK (height > 0),
    -- By the clock of the camera, as if it were UTC, and how far that is ahead of UTC.
    taken_at BIGINT,
    taken_offset_minutes BIGINT,
    -- In nanodegrees.
    latitude BIGINT CHECK (latitude BETWEEN -90000000000 AND 90000000000),
    longitude BIGINT CHECK (longitude BETWEEN -180000000000 AND 180000000000),
    altitude_mm BIGINT,
    -- Above where the drone took off.
    height_mm BIGINT,
    -- Where the camera looked, in millidegrees.
    yaw_mdeg BIGINT,
    pitch_mdeg BIGINT,
    roll_mdeg BIGINT,
    accuracy_mm BIGINT,
    -- In micrometres, as it is and as on 35 mm film.
    focal_um BIGINT,
    focal35_um BIGINT,
    make TEXT,
    model TEXT,
    serial TEXT,
    sharpness BIGINT,
    -- Sixteen shares from black to white, in ten-thousandths.
    luminance TEXT,
    -- 64 comparisons of neighbouring areas: equal photos have the same, similar ones nearly.
    look BIGINT,
    -- Why it cannot be opened.
    problem TEXT,
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK (claim_id IS NULL OR state = 'waiting'),
    CHECK (state <> 'made' OR (width IS NOT NULL AND height IS NOT NULL AND sharpness IS NOT NULL AND luminance IS NOT NULL AND look IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
);
CREATE INDEX photo_due_at_idx ON photo (due_at) WHERE state = 'waiting';

-- A row is the object of a preview: written, or being written by who has the claim.
CREATE TABLE photo_preview (
    blob_id UUID NOT NULL REFERENCES photo (blob_id),
    -- The longer side in pixels.
    size BIGINT NOT NULL CHECK (size IN (320, 1600)),
    object_id UUID NOT NULL UNIQUE,
    -- 0 until it is written.
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (blob_id, size)
);

-- What is stored already is opened as well.
INSERT INTO photo (blob_id, state, due_at, attempts)
SELECT id, 'waiting', created_at, 0 FROM blob WHERE media IN ('image/jpeg', 'image/png', 'image/tiff', 'image/webp');
