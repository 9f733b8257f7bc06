-- What nights need: what is told of camps, huts and water, and where on the network they are (nothing of points that
-- were imported before: import again); the seasons of segments apart from their lines; notices that an operator loads.

ALTER TABLE point ADD COLUMN details TEXT;            -- JSON object, NULL where nothing is told
ALTER TABLE point ADD COLUMN anchor_segment INTEGER;  -- segment.id
ALTER TABLE point ADD COLUMN anchor_share REAL;
ALTER TABLE point ADD COLUMN anchor_away_m REAL;

CREATE TABLE season (
    id INTEGER PRIMARY KEY,  -- segment.id
    seasons TEXT NOT NULL    -- JSON list: those of its stretches, each once, sorted
);

CREATE VIRTUAL TABLE season_box USING rtree_i32 (id, min_lon, max_lon, min_lat, max_lat);

INSERT INTO season
SELECT told.id, json_group_array(told.season) FROM (
    SELECT DISTINCT shape.id, json_extract(stretch.value, '$[8]') AS season
    FROM segment_shape AS shape, json_each(shape.stretches) AS stretch
    WHERE json_extract(stretch.value, '$[8]') IS NOT NULL ORDER BY 1, 2
) AS told GROUP BY told.id;

INSERT INTO season_box SELECT box.* FROM season JOIN segment_box AS box ON box.id = season.id;

CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,     -- under which it was loaded
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT,
    source TEXT NOT NULL,
    url TEXT,
    begins TEXT,
    ends TEXT,
    rings BLOB NOT NULL,    -- for each ring its number of positions and these, as in segment_shape, without heights
    lines BLOB NOT NULL     -- the same
);

CREATE INDEX notice_by_name ON notice (name);

CREATE VIRTUAL TABLE notice_box USING rtree_i32 (id, min_lon, max_lon, min_lat, max_lat);

DELETE FROM answer;  -- answers tell more now

PRAGMA user_version = 4;
