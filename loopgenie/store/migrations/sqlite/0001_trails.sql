-- The records of loopgenie.store. All records of a region have ids from region.first_id to region.last_id, and
-- no id is ever given twice. Boxes are in 1e-7 degrees, as the lines are, so that they are exact.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

INSERT INTO meta VALUES ('snapshot', '000000000000'), ('next_id', '1');

CREATE TABLE region (
    name TEXT PRIMARY KEY,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    attribution TEXT NOT NULL,  -- JSON list
    sources TEXT NOT NULL,      -- JSON list
    synthetic INTEGER NOT NULL,
    data_date TEXT,
    imported_at TEXT NOT NULL,
    min_lon REAL,
    min_lat REAL,
    max_lon REAL,
    max_lat REAL,
    segments INTEGER NOT NULL,
    junctions INTEGER NOT NULL,
    trailheads INTEGER NOT NULL,
    points INTEGER NOT NULL,
    trail_km REAL NOT NULL,
    left_out TEXT NOT NULL      -- JSON object
) WITHOUT ROWID;

CREATE TABLE junction (
    id INTEGER PRIMARY KEY,
    lon REAL NOT NULL,
    lat REAL NOT NULL,
    elevation_m REAL
);

-- What finding loops needs of a segment stands apart from its line, so that reading it stays cheap.
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    start_junction INTEGER NOT NULL,
    end_junction INTEGER NOT NULL,
    length_m REAL NOT NULL,
    score REAL NOT NULL,
    ascent_m INTEGER,
    descent_m INTEGER,
    road_m REAL NOT NULL,
    difficulty INTEGER
);

CREATE TABLE segment_shape (
    id INTEGER PRIMARY KEY,
    line BLOB NOT NULL,       -- little-endian int32 triples: lon and lat in 1e-7 degrees, height in decimetres
    stretches TEXT NOT NULL   -- JSON list of lists, in the order of loopgenie.store.Stretch
);

CREATE VIRTUAL TABLE segment_box USING rtree_i32 (id, min_lon, max_lon, min_lat, max_lat);

CREATE TABLE trailhead (
    id INTEGER PRIMARY KEY,
    junction INTEGER NOT NULL,
    name TEXT,
    kind TEXT NOT NULL,
    lon REAL NOT NULL,
    lat REAL NOT NULL,
    snap_m REAL NOT NULL
);

CREATE VIRTUAL TABLE trailhead_box USING rtree_i32 (id, min_lon, max_lon, min_lat, max_lat);

CREATE TABLE point (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT,
    lon REAL NOT NULL,
    lat REAL NOT NULL,
    elevation_m REAL,
    population INTEGER,
    search_key TEXT,             -- the name without case, accents and punctuation; NULL where there is no name
    importance INTEGER NOT NULL  -- 0 for a city, larger for smaller kinds of place
);

CREATE VIRTUAL TABLE point_box USING rtree_i32 (id, min_lon, max_lon, min_lat, max_lat);

CREATE TABLE answer (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    snapshot TEXT NOT NULL,
    answer BLOB NOT NULL
);

PRAGMA application_id = 1282361189;  -- "LoGe": this file is ours
PRAGMA user_version = 1;
