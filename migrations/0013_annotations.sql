-- Annotations (VIEW-2, VIEW-3): what people draw on datasets.

-- The highest number that an annotation of the dataset ever had. No number is given twice, but for one that is brought back.
ALTER TABLE resource ADD COLUMN last_annotation BIGINT NOT NULL DEFAULT 0 CHECK (last_annotation >= 0);

-- A row is a drawing on a dataset. Like files, whoever deletes a dataset deletes its annotations before, a few at a time.
CREATE TABLE annotation (
    dataset_id UUID NOT NULL REFERENCES resource (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    kind TEXT NOT NULL CHECK (kind IN ('point', 'line', 'area', 'text')),
    -- Where it is: latitudes and longitudes in degrees, "46.63456,8.59123 46.6346,8.59127".
    places TEXT NOT NULL,
    place_count BIGINT NOT NULL CHECK (place_count >= 1),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    colour TEXT NOT NULL CHECK (colour IN ('yellow', 'red', 'green', 'blue', 'white')),
    -- Rises with each change.
    version BIGINT NOT NULL CHECK (version >= 1),
    created_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (dataset_id, number)
);
-- What a person drew, for the export of their data.
CREATE INDEX annotation_created_by_dataset_id_number_idx ON annotation (created_by, dataset_id, number);
