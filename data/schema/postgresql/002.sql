-- Schema 2: budgets that several processes spend, each a part that it has reserved.

CREATE TABLE reservation (
    budget TEXT COLLATE "C" NOT NULL,
    payer TEXT COLLATE "C" NOT NULL,                    -- under which the holder's spend stands
    cluster TEXT COLLATE "C" NOT NULL,
    shard BIGINT NOT NULL,
    shards BIGINT NOT NULL,
    micros BIGINT NOT NULL,                -- what the holder may spend in any window
    committed BIGINT NOT NULL,             -- of it what it cannot give back
    wanted BIGINT NOT NULL,
    rate BIGINT NOT NULL,                  -- micros an hour, at most, since `at`
    token BIGINT NOT NULL,                 -- of the newest run of this holder
    at BIGINT NOT NULL,                    -- until then its spend is written
    PRIMARY KEY (budget, payer)
);

CREATE TABLE claim (                        -- of a holder on a pool that several use
    pool TEXT COLLATE "C" NOT NULL,
    cluster TEXT COLLATE "C" NOT NULL,
    shard BIGINT NOT NULL,
    shards BIGINT NOT NULL,
    nodes BIGINT NOT NULL,                 -- that its pods hold
    min_nodes BIGINT NOT NULL,             -- that it wants
    warm_nodes BIGINT NOT NULL,
    PRIMARY KEY (pool, cluster, shard, shards)
);

UPDATE forescale SET schema_version = 2;
