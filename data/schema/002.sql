-- Schema 2: budgets that several processes spend, each a part that it has reserved.

CREATE TABLE reservation (
    budget TEXT NOT NULL,
    payer TEXT NOT NULL,                    -- under which the holder's spend stands
    cluster TEXT NOT NULL,
    shard INTEGER NOT NULL,
    shards INTEGER NOT NULL,
    micros INTEGER NOT NULL,                -- what the holder may spend in any window
    committed INTEGER NOT NULL,             -- of it what it cannot give back
    wanted INTEGER NOT NULL,
    rate INTEGER NOT NULL,                  -- micros an hour, at most, since `at`
    token INTEGER NOT NULL,                 -- of the newest run of this holder
    at INTEGER NOT NULL,                    -- until then its spend is written
    PRIMARY KEY (budget, payer)
) STRICT, WITHOUT ROWID;

CREATE TABLE claim (                        -- of a holder on a pool that several use
    pool TEXT NOT NULL,
    cluster TEXT NOT NULL,
    shard INTEGER NOT NULL,
    shards INTEGER NOT NULL,
    nodes INTEGER NOT NULL,                 -- that its pods hold
    min_nodes INTEGER NOT NULL,             -- that it wants
    warm_nodes INTEGER NOT NULL,
    PRIMARY KEY (pool, cluster, shard, shards)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
