-- The day that a dataset was captured on follows from its photos, unless somebody said it (DRIVE-6). Those that are there already get theirs.
UPDATE resource SET captured_on = (
    SELECT MIN(o.taken_at) / 86400000 FROM dataset_file f JOIN photo o ON o.blob_id = f.blob_id
    WHERE f.dataset_id = resource.id AND f.side = 'input' AND o.taken_at > 0)
WHERE kind = 'dataset' AND captured_on IS NULL AND files > 0;
