-- Who may walk and what said so, what was left out, how far loops are, and a gazetteer. Regions that were imported
-- before have names of files only; what was read of them is not known.

ALTER TABLE segment ADD COLUMN informal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trailhead ADD COLUMN to_loop_m REAL;
ALTER TABLE region ADD COLUMN loop_km REAL;

UPDATE region SET sources = (
    SELECT json_group_array(json_array(file.value, 'unknown', '', region.data_date)) FROM json_each(region.sources) AS file
);

CREATE TABLE left_out (
    id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    rule TEXT,
    name TEXT,
    source TEXT,
    line BLOB NOT NULL  -- as in segment_shape, without heights
);

CREATE VIRTUAL TABLE left_out_box USING rtree_i32 (id, min_lon, max_lon, min_lat, max_lat);

CREATE TABLE town (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    codes TEXT NOT NULL,
    lon REAL NOT NULL,
    lat REAL NOT NULL,
    population INTEGER NOT NULL,
    search_key TEXT NOT NULL
);

CREATE INDEX town_by_name ON town (search_key, population);

PRAGMA user_version = 2;
