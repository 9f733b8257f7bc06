-- The records of loopgenie.store. All records of a region have ids from region.first_id to region.last_id, and
-- no id is ever given twice. Each box is in steps of 1e-7 degrees, as lines are kept, so that it is exact; the type
-- box has no statistics, so that queries for boxes always use its index.

CREATE EXTENSION IF NOT EXISTS postgis;

DO $$
BEGIN
    IF to_regnamespace('loopgenie') IS NULL THEN  -- an administrator may have made it
        CREATE SCHEMA loopgenie;
    END IF;
END $$;

CREATE TABLE loopgenie.migration (
    number integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE loopgenie.state (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    snapshot text NOT NULL,
    next_id bigint NOT NULL,
    gazetteer text
);

INSERT INTO loopgenie.state (snapshot, next_id) VALUES ('000000000000', 1);

CREATE TABLE loopgenie.region (
    name text COLLATE "C" PRIMARY KEY,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    attribution text NOT NULL,  -- JSON list
    sources text NOT NULL,      -- JSON list of lists, in the order of loopgenie.store.SourceFile
    synthetic boolean NOT NULL,
    data_date text,
    imported_at text NOT NULL,
    min_lon double precision,
    min_lat double precision,
    max_lon double precision,
    max_lat double precision,
    segments bigint NOT NULL,
    junctions bigint NOT NULL,
    trailheads bigint NOT NULL,
    points bigint NOT NULL,
    trail_km double precision NOT NULL,
    left_out text NOT NULL,     -- JSON object
    loop_km double precision
);

CREATE TABLE loopgenie.junction (
    id bigint PRIMARY KEY,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    elevation_m double precision
);

-- What finding loops needs of a segment stands apart from its line, so that reading it stays cheap.
CREATE TABLE loopgenie.segment (
    id bigint PRIMARY KEY,
    start_junction bigint NOT NULL,
    end_junction bigint NOT NULL,
    length_m double precision NOT NULL,
    score double precision NOT NULL,
    ascent_m integer,
    descent_m integer,
    road_m double precision NOT NULL,
    difficulty integer,
    informal boolean NOT NULL,
    box box NOT NULL
);

CREATE INDEX segment_by_box ON loopgenie.segment USING gist (box);
CREATE INDEX segment_by_length ON loopgenie.segment (length_m DESC, id);

CREATE TABLE loopgenie.segment_shape (
    id bigint PRIMARY KEY,
    line geography(LineString, 4326) NOT NULL,
    heights integer[],        -- of each position in decimetres, NULL where not known
    stretches text NOT NULL   -- JSON list of lists, in the order of loopgenie.store.Stretch
);

CREATE INDEX segment_shape_by_line ON loopgenie.segment_shape USING gist (line);

CREATE TABLE loopgenie.trailhead (
    id bigint PRIMARY KEY,
    junction bigint NOT NULL,
    name text,
    kind text NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    snap_m double precision NOT NULL,
    to_loop_m double precision,
    box box NOT NULL,
    at geography(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography) STORED
);

CREATE INDEX trailhead_by_box ON loopgenie.trailhead USING gist (box);
CREATE INDEX trailhead_by_place ON loopgenie.trailhead USING gist (at);

-- Names are compared by their search_key: without case, accents and punctuation, NULL where there is none.
CREATE TABLE loopgenie.point (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    name text,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    elevation_m double precision,
    population bigint,
    search_key text COLLATE "C",
    importance integer NOT NULL,  -- 0 for a city, larger for smaller kinds of place
    box box NOT NULL,
    at geography(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography) STORED
);

CREATE INDEX point_by_box ON loopgenie.point USING gist (box);
CREATE INDEX point_by_place ON loopgenie.point USING gist (at);
CREATE INDEX point_by_name ON loopgenie.point (search_key);

CREATE TABLE loopgenie.left_out (
    id bigint PRIMARY KEY,
    reason text NOT NULL,
    rule text,
    name text,
    source text,
    line geography(LineString, 4326) NOT NULL,
    box box NOT NULL
);

CREATE INDEX left_out_by_box ON loopgenie.left_out USING gist (box);

CREATE TABLE loopgenie.town (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    region text NOT NULL,
    codes text NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    population bigint NOT NULL,
    search_key text COLLATE "C" NOT NULL
);

CREATE INDEX town_by_name ON loopgenie.town (search_key, population DESC, id);

CREATE TABLE loopgenie.name_gram (
    gram text COLLATE "C" NOT NULL,  -- three letters of a name as it is compared; '' for how many groups each name has
    owner bigint NOT NULL,           -- region.first_id, 0 for the gazetteer
    numbers bytea NOT NULL,          -- little-endian uint32: ids less the owner; one byte for each where gram is ''
    PRIMARY KEY (gram, owner)
);

CREATE INDEX name_gram_by_owner ON loopgenie.name_gram (owner);

CREATE TABLE loopgenie.answer (
    number bigint GENERATED BY DEFAULT AS IDENTITY,
    key text COLLATE "C" PRIMARY KEY,
    snapshot text NOT NULL,
    answer bytea NOT NULL
);

CREATE INDEX answer_by_number ON loopgenie.answer (number);
