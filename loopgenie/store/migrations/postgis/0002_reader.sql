-- A role that may only read, for serving: GRANT loopgenie_reader TO somebody. Where this user may not make roles an
-- administrator can, before or after (then with these grants).

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'loopgenie_reader') THEN
        CREATE ROLE loopgenie_reader NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the whole server: another database of it may make this one at the same moment
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'loopgenie_reader') THEN
        GRANT USAGE ON SCHEMA loopgenie TO loopgenie_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA loopgenie TO loopgenie_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA loopgenie GRANT SELECT ON TABLES TO loopgenie_reader;
    END IF;
END $$;
