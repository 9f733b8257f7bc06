-- Names are found by groups of three letters (loopgenie.store.name_index), long segments by their length. The program
-- fills name_gram for the regions that are already there.

CREATE TABLE name_gram (
    gram TEXT NOT NULL,      -- three letters of a name as it is compared; '' for how many groups each name has
    owner INTEGER NOT NULL,  -- region.first_id, 0 for the gazetteer
    numbers BLOB NOT NULL,   -- little-endian uint32: ids less the owner; one byte for each where gram is ''
    PRIMARY KEY (gram, owner)
);

CREATE INDEX name_gram_by_owner ON name_gram (owner);

CREATE INDEX point_by_name ON point (search_key);

CREATE INDEX segment_by_length ON segment (length_m DESC, id);

DELETE FROM answer;  -- answers tell more now

PRAGMA user_version = 3;
