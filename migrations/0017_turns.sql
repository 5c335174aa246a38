-- Turns of the workers that open photos and make layers (FILE-5, VIEW-1): by who uploaded, and two lanes for layers.

-- In whose turn a photo is opened: that of who uploaded it first. What is in no dataset any more has a turn of its own.
ALTER TABLE photo ADD COLUMN person_id UUID;
UPDATE photo SET person_id = COALESCE(
    (SELECT f.created_by FROM dataset_file f WHERE f.blob_id = photo.blob_id ORDER BY f.dataset_id LIMIT 1), blob_id)
WHERE state = 'waiting';
DROP INDEX photo_organization_id_due_at_idx;
CREATE INDEX photo_person_id_due_at_idx ON photo (person_id, due_at) WHERE state = 'waiting';

-- The same for layers: that of who started the job.
ALTER TABLE view_layer ADD COLUMN person_id UUID;
UPDATE view_layer SET person_id = COALESCE(
    (SELECT f.created_by FROM dataset_file f WHERE f.blob_id = view_layer.blob_id ORDER BY f.dataset_id LIMIT 1), blob_id)
WHERE state = 'waiting';
-- Whether a layer needs more time or memory than the fast lane gives.
ALTER TABLE view_layer ADD COLUMN is_slow BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX view_layer_organization_id_due_at_idx;
CREATE INDEX view_layer_is_slow_person_id_due_at_idx ON view_layer (is_slow, person_id, due_at) WHERE state = 'waiting';
