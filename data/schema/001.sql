-- Schema 1. Times are UTC seconds, money is micro-units of a currency.
-- Rows of the ledger are never changed or removed: triggers see to it.

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    step_s INTEGER NOT NULL CHECK (step_s > 0),
    phase_s INTEGER NOT NULL,               -- of the grid: samples stand at phase_s + i * step_s
    first INTEGER NOT NULL,                 -- first and newest sample that were ever stored
    newest INTEGER NOT NULL,
    samples INTEGER NOT NULL                -- in chunks now
) STRICT;

CREATE TABLE chunk (
    series_id INTEGER NOT NULL REFERENCES series (id),
    start INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    bytes BLOB NOT NULL,                    -- core/store/chunk.c has the format
    PRIMARY KEY (series_id, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE hourly (                       -- means of what was retired, in chunks of an hour's step
    series_id INTEGER NOT NULL REFERENCES series (id),
    start INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (series_id, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE empty_span (                   -- a source was asked and had nothing
    name TEXT NOT NULL,
    from_t INTEGER NOT NULL,
    to_t INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,
    PRIMARY KEY (name, from_t, to_t)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    op TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    verdict INTEGER NOT NULL CHECK (verdict BETWEEN 0 AND 3),
    why TEXT NOT NULL,
    micros INTEGER NOT NULL,
    currency TEXT NOT NULL,
    dry_run INTEGER NOT NULL,
    key TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_object ON ledger (object, at);
CREATE INDEX ledger_run ON ledger (run_id);

CREATE TABLE receipt (
    ledger_id INTEGER PRIMARY KEY REFERENCES ledger (id),
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    receipt TEXT NOT NULL
) STRICT;

CREATE TABLE spend (
    budget TEXT NOT NULL,
    from_t INTEGER NOT NULL,
    to_t INTEGER NOT NULL,
    micros INTEGER NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (budget, to_t)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_keeps BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER receipt_keeps BEFORE UPDATE ON receipt BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER receipt_stays BEFORE DELETE ON receipt BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER spend_keeps BEFORE UPDATE ON spend BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER spend_stays BEFORE DELETE ON spend BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

PRAGMA application_id = 0x46534331; -- "FSC1"
PRAGMA user_version = 1;
