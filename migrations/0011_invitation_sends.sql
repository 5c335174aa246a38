-- How often an invitation was mailed in all: sending again counts like sending (attack 27).

ALTER TABLE invitation ADD COLUMN sends BIGINT;
UPDATE invitation SET sends = 1;
