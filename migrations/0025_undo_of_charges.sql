-- Taking a transfer back (XFER-18) gives datasets back to the licence that they were charged to: written down are those that were
-- not charged to the one whose books the transfer is in.

CREATE TABLE transfer_charge (
    transfer_id UUID NOT NULL REFERENCES transfer_undo (transfer_id) ON DELETE CASCADE,
    resource_id UUID NOT NULL,
    -- NULL: nobody had paid for it.
    charged_to UUID,
    PRIMARY KEY (transfer_id, resource_id)
);
