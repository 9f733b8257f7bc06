-- What nights need: what is told of camps, huts and water, and where on the network they are (nothing of points that
-- were imported before: import again); the seasons of segments apart from their lines; notices that an operator loads.

ALTER TABLE loopgenie.point
    ADD COLUMN details text,            -- JSON object, NULL where nothing is told
    ADD COLUMN anchor_segment bigint,   -- segment.id
    ADD COLUMN anchor_share double precision,
    ADD COLUMN anchor_away_m double precision;

CREATE TABLE loopgenie.season (
    id bigint PRIMARY KEY,  -- segment.id
    seasons text NOT NULL,  -- JSON list: those of its stretches, each once, sorted
    box box NOT NULL
);

INSERT INTO loopgenie.season (id, seasons, box)
SELECT segment.id, told.seasons, segment.box FROM (
    SELECT shape.id, json_agg(DISTINCT (stretch ->> 8) COLLATE "C")::text AS seasons
    FROM loopgenie.segment_shape AS shape, json_array_elements(shape.stretches::json) AS stretch
    WHERE stretch ->> 8 IS NOT NULL GROUP BY shape.id
) AS told JOIN loopgenie.segment USING (id);

CREATE INDEX season_by_box ON loopgenie.season USING gist (box);

CREATE TABLE loopgenie.notice (
    id bigint PRIMARY KEY,
    name text COLLATE "C" NOT NULL,  -- under which it was loaded
    kind text NOT NULL,
    title text NOT NULL,
    text text,
    source text NOT NULL,
    url text,
    begins text,
    ends text,
    rings bytea NOT NULL,  -- for each ring its number of positions and these in 1e-7 degrees, all little-endian int32
    lines bytea NOT NULL,  -- the same
    box box NOT NULL
);

CREATE INDEX notice_by_name ON loopgenie.notice (name);
CREATE INDEX notice_by_box ON loopgenie.notice USING gist (box);

DELETE FROM loopgenie.answer;  -- answers tell more now

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'loopgenie_reader') THEN
        GRANT SELECT ON loopgenie.season, loopgenie.notice TO loopgenie_reader;
    END IF;
END $$;
