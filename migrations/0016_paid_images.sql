-- Which images of a dataset Images & Projects has paid for (LIC-2): those that come later are paid when it is processed again.

-- A row is an image, by its bytes, that was paid for in a dataset: deleted and uploaded again, it is not paid again. Rows say something
-- only while the dataset is charged to a licence. They are no bytes of anybody, but many: whoever deletes a dataset deletes them before,
-- a few at a time.
CREATE TABLE paid_image (
    dataset_id UUID NOT NULL REFERENCES resource (id),
    sha256 TEXT NOT NULL,
    -- The job that paid, or the licence where no job did.
    paid_by UUID NOT NULL,
    PRIMARY KEY (dataset_id, sha256)
);

-- How many of the images that a dataset has now were paid for. `charged_images` is how many ever were.
ALTER TABLE resource ADD COLUMN paid_images BIGINT NOT NULL DEFAULT 0 CHECK (paid_images >= 0);

-- Which images were paid for was not written down until now: the oldest ones, as many as were charged.
INSERT INTO paid_image (dataset_id, sha256, paid_by)
SELECT counted.dataset_id, counted.sha256, counted.charged_to FROM (
    SELECT f.dataset_id, b.sha256, r.charged_to, r.charged_images, ROW_NUMBER() OVER (PARTITION BY f.dataset_id ORDER BY f.number) AS place
    FROM dataset_file f JOIN blob b ON b.id = f.blob_id JOIN resource r ON r.id = f.dataset_id
    WHERE r.charged_to IS NOT NULL AND f.side = 'input' AND NOT f.left_out AND b.media LIKE 'image/%') AS counted
WHERE counted.place <= counted.charged_images
GROUP BY counted.dataset_id, counted.sha256, counted.charged_to;
UPDATE resource SET paid_images = CASE
    WHEN EXISTS (SELECT 1 FROM dataset_file f WHERE f.dataset_id = resource.id AND f.side = 'input') THEN (
        SELECT COUNT(*) FROM dataset_file f JOIN blob b ON b.id = f.blob_id JOIN paid_image p ON p.dataset_id = f.dataset_id AND p.sha256 = b.sha256
        WHERE f.dataset_id = resource.id AND f.side = 'input' AND NOT f.left_out AND b.media LIKE 'image/%')
    ELSE charged_images END
WHERE charged_to IS NOT NULL;
