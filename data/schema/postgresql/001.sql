-- Schema 1 of a store in PostgreSQL: the same tables as the file's. Times are UTC seconds, money is
-- micro-units of a currency. Rows of the ledger are never changed or removed: triggers see to it.

CREATE TABLE forescale (schema_version BIGINT NOT NULL);

CREATE TABLE series (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    step_s BIGINT NOT NULL CHECK (step_s > 0),
    phase_s BIGINT NOT NULL,                -- of the grid: samples stand at phase_s + i * step_s
    first BIGINT NOT NULL,                  -- first and newest sample that were ever stored
    newest BIGINT NOT NULL,
    samples BIGINT NOT NULL                 -- in chunks now
);

CREATE TABLE chunk (
    series_id BIGINT NOT NULL REFERENCES series (id),
    start BIGINT NOT NULL,
    samples BIGINT NOT NULL,
    bytes BYTEA NOT NULL,                   -- core/store/chunk.c has the format
    PRIMARY KEY (series_id, start)
) WITH (fillfactor = 70);                   -- the newest chunk of each series grows in place

CREATE TABLE hourly (                       -- means of what was retired, in chunks of an hour's step
    series_id BIGINT NOT NULL REFERENCES series (id),
    start BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (series_id, start)
);

CREATE TABLE empty_span (                   -- a source was asked and had nothing
    name TEXT COLLATE "C" NOT NULL,
    from_t BIGINT NOT NULL,
    to_t BIGINT NOT NULL,
    retry_at BIGINT NOT NULL,
    PRIMARY KEY (name, from_t, to_t)
);

CREATE TABLE blob (
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (kind, key)
);

CREATE TABLE ledger (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    op TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    verdict BIGINT NOT NULL CHECK (verdict BETWEEN 0 AND 3),
    why TEXT NOT NULL,
    micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    dry_run BIGINT NOT NULL,
    key TEXT NOT NULL
);
CREATE INDEX ledger_object ON ledger (object, at);
CREATE INDEX ledger_run ON ledger (run_id);

CREATE TABLE receipt (
    ledger_id BIGINT PRIMARY KEY REFERENCES ledger (id),
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    receipt TEXT NOT NULL
);

CREATE TABLE spend (
    budget TEXT NOT NULL,
    from_t BIGINT NOT NULL,
    to_t BIGINT NOT NULL,
    micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (budget, to_t)
);

-- What is packed is not packed again.
ALTER TABLE chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
ALTER TABLE hourly ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER ledger_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger EXECUTE FUNCTION append_only();
CREATE TRIGGER receipt_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt EXECUTE FUNCTION append_only();
CREATE TRIGGER spend_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON spend EXECUTE FUNCTION append_only();

INSERT INTO forescale (schema_version) VALUES (1);
