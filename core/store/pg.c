/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine PostgreSQL (11 and later): one store is one schema of a database, the first of the
 * search path. Values travel in binary. TLS is verified unless the URL says otherwise; passwords
 * are in no message, as none is accepted within a URL.
 */
#include "db.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARAMS = 16, INT8_OID = 20, TEXT_OID = 25, BYTEA_OID = 17 };

extern const char fsc__schema_pg_001[], fsc__schema_pg_002[];
static const char *const migrations[] = {fsc__schema_pg_001, fsc__schema_pg_002};

typedef struct pg_stmt {
    char name[16];
    bool prepared; /* at the first step, when the types are known */
    int n;
    Oid types[MAX_PARAMS];
    const char *values[MAX_PARAMS];
    int lengths[MAX_PARAMS];
    unsigned char ints[MAX_PARAMS][8]; /* big-endian */
    PGresult *rows;                    /* NULL: not run yet */
    int row;
} pg_stmt;

/* ---- errors ---- */

/* What the user can do about it, by the begin of SQLSTATE; the first that fits. */
static const struct advice {
    const char *state;
    bool retryable;
    const char *text;
} advices[] = {
    {"40", true, "another process writes the same; try again"},
    {"55P03", true, "another process holds the store; try again"},
    {"57P", true, "the server is going down or starting; try again"},
    {"53300", true, "the server has no connection left; try again"},
    {"53100", false, "the server's disk is full; free some space, nothing was lost"},
    {"08", true, "the connection broke; try again"},
    {"25006", false, "the store is read-only: give a server that takes writes"},
    {"42501", false, "the user lacks a right: it needs CREATE on the schema, or to own its tables"},
    {"42P07", false,
     "the schema holds another program's tables; name another database, or another schema by "
     "?options=-csearch_path%3DNAME"},
    {"3F000", false,
     "the search path names no schema that is there; create one that the user owns"},
    {"XX001", false, "the database is damaged; restore a backup, or name another one"},
    {"XX002", false, "an index is damaged; REINDEX DATABASE mends it"},
};

static fsc_status fail(const fsc_store *s, const PGresult *result, fsc_err *err)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (PQstatus(s->db) == CONNECTION_BAD)
        state = "08";
    if (!message)
        message = PQerrorMessage(s->db);
    int n = (int)strcspn(message, "\n");
    for (size_t i = 0; state && i < sizeof advices / sizeof *advices; i++)
        if (!strncmp(state, advices[i].state, strlen(advices[i].state)))
            return (advices[i].retryable ? fsc_fail_retryable : fsc_fail)(
                err, FSC_STORE, "store %s: %s (%.*s)", s->name, advices[i].text, n, message);
    return fsc_fail(err, FSC_STORE, "store %s: %.*s", s->name, n, message);
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* ---- statements ---- */

static fsc_status prepare(fsc_stmt *st, fsc_err *err)
{
    pg_stmt *own = calloc(1, sizeof *own);
    if (!own)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    (void)snprintf(own->name, sizeof own->name, "s%zu", st->store->n);
    st->own = own;
    return FSC_OK;
}

static void reset(fsc_stmt *st)
{
    pg_stmt *own = st->own;
    PQclear(own->rows);
    own->rows = NULL;
    own->n = 0;
}

static void finalize(fsc_stmt *st)
{
    reset(st);
    free(st->own);
}

static void bind(fsc_stmt *st, int i, Oid type, const void *v, size_t n)
{
    pg_stmt *own = st->own;
    own->types[i - 1] = type;
    own->values[i - 1] = v;
    own->lengths[i - 1] = (int)n;
    own->n = i > own->n ? i : own->n;
}

static void bind_int(fsc_stmt *st, int i, int64_t v)
{
    pg_stmt *own = st->own;
    for (int k = 0; k < 8; k++)
        own->ints[i - 1][k] = (unsigned char)((uint64_t)v >> (56 - 8 * k));
    bind(st, i, INT8_OID, own->ints[i - 1], 8);
}

static void bind_text(fsc_stmt *st, int i, const char *v)
{
    bind(st, i, TEXT_OID, v, strlen(v));
}

static void bind_bytes(fsc_stmt *st, int i, const void *v, size_t n)
{
    bind(st, i, BYTEA_OID, v, n);
}

static fsc_status prepare_now(fsc_stmt *st, fsc_err *err)
{
    pg_stmt *own = st->own;
    PGresult *result = PQprepare(st->store->db, own->name, st->sql, own->n, own->types);
    fsc_status status = is_good(result) ? FSC_OK : fail(st->store, result, err);
    own->prepared = status == FSC_OK;
    PQclear(result);
    return status;
}

static fsc_status step(bool *row, fsc_stmt *st, fsc_err *err)
{
    static const int binary[MAX_PARAMS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    pg_stmt *own = st->own;
    *row = false;
    if (!own->rows) {
        if (!own->prepared)
            FSC_TRY(prepare_now(st, err));
        own->rows =
            PQexecPrepared(st->store->db, own->name, own->n, own->values, own->lengths, binary, 1);
        own->row = -1;
        if (!is_good(own->rows))
            return fail(st->store, own->rows, err);
    }
    *row = ++own->row < PQntuples(own->rows);
    return FSC_OK;
}

/* Of any width: a boolean is one byte, an integer two to eight. */
static int64_t get_int(fsc_stmt *st, int column)
{
    const pg_stmt *own = st->own;
    const char *bytes = PQgetvalue(own->rows, own->row, column);
    int n = PQgetlength(own->rows, own->row, column);
    uint64_t v = n > 0 && n < 8 && (unsigned char)bytes[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < n && n <= 8; i++)
        v = v << 8 | (unsigned char)bytes[i];
    return (int64_t)v;
}

static const char *get_text(fsc_stmt *st, int column)
{
    const pg_stmt *own = st->own;
    return PQgetvalue(own->rows, own->row, column);
}

static const void *get_bytes(size_t *n, fsc_stmt *st, int column)
{
    const pg_stmt *own = st->own;
    *n = (size_t)PQgetlength(own->rows, own->row, column);
    return PQgetvalue(own->rows, own->row, column);
}

static fsc_status exec(fsc_store *s, const char *sql, fsc_err *err)
{
    PGresult *result = PQexec(s->db, sql);
    fsc_status status = is_good(result) ? FSC_OK : fail(s, result, err);
    PQclear(result);
    return status;
}

static bool in_transaction(const fsc_store *s)
{
    PGTransactionStatusType status = PQtransactionStatus(s->db);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* Each statement sees what was committed before it, once the lock is had. */
static fsc_status alone(fsc_store *s, fsc_err *err)
{
    return exec(s,
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
                "SELECT pg_advisory_xact_lock(hashtextextended('forescale ' || "
                "current_schema(), 0))",
                err);
}

static fsc_status version(int64_t *out, fsc_store *s, fsc_err *err)
{
    *out = 0;
    fsc_stmt *st = fsc__db_prepare(
        s, "SELECT coalesce(to_regclass(quote_ident(current_schema()) || '.forescale'), 0)::bigint",
        err);
    if (!st)
        return FSC_STORE;
    FSC_TRY(fsc__db_run_int(out, st, err));
    if (!*out)
        return FSC_OK;
    st = fsc__db_prepare(s, "SELECT schema_version FROM forescale", err);
    return st ? fsc__db_run_int(out, st, err) : FSC_STORE;
}

/* Its pages are the server's business: data_checksums, pg_amcheck. */
static fsc_status check(fsc_store *s, fsc_err *err)
{
    (void)s;
    (void)err;
    return FSC_OK;
}

/* ---- opening ---- */

/* As messages may call it, and as PQconnectdb takes it: without a password, and without what
 * follows a question mark. */
static fsc_status check_url(fsc_store *s, const char *url, fsc_err *err)
{
    char *message = NULL;
    bool has_password = false;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    s->name[0] = '\0';
    for (PQconninfoOption *o = options; o && o->keyword; o++)
        has_password |= !strcmp(o->keyword, "password") && o->val;
    bool good = options != NULL;
    PQconninfoFree(options);
    PQfreemem(message); /* it may hold the password */
    if (!good)
        return fsc_fail(err, FSC_CONFIG,
                        "store.url is no PostgreSQL URL: postgresql://USER@HOST:5432/DATABASE");
    if (has_password)
        return fsc_fail(err, FSC_CONFIG,
                        "store.url holds a password: take it out, and name a file that holds it in "
                        "store.passwordFile");
    (void)snprintf(s->name, strlen(url) + 1, "%.*s", (int)strcspn(url, "?"), url);
    return FSC_OK;
}

static void be_silent(void *unused, const char *message)
{
    (void)unused;
    (void)message;
}

/* Before a session has begun there is no SQLSTATE to go by: only words, which libpq does not
 * translate unless a program asks for it. */
static const struct refusal {
    const char *words;
    bool retryable;
    const char *text;
} refusals[] = {
    {"certificate", false, "TLS is verified: name the authority by ?sslrootcert=FILE"},
    {"password", false, "the server refuses the login; check the user and store.passwordFile"},
    {"does not exist", false, "create it, or name another in store.url"},
    {"no pg_hba.conf entry", false, "the server's pg_hba.conf lets nobody in this way"},
    {"", true, "no connection; see that the server runs, and the host and port of store.url"},
};

static fsc_status refused(const fsc_store *s, fsc_err *err)
{
    const char *message = PQerrorMessage(s->db);
    const struct refusal *r = refusals;
    while (!strstr(message, r->words))
        r++;
    return (r->retryable ? fsc_fail_retryable : fsc_fail)(err, FSC_STORE, "store %s: %s (%.*s)",
                                                          s->name, r->text,
                                                          (int)strcspn(message, "\n"), message);
}

static fsc_status open_database(fsc_store *s, const char *url, const char *password,
                                fsc_store_access access, fsc_err *err)
{
    FSC_TRY(check_url(s, url, err));
    /* The later of a word counts: what stands before the URL are defaults. */
    const char *const words[] = {
        "sslmode", "connect_timeout", "tcp_user_timeout", "application_name",
        "dbname",  "client_encoding", "password",         NULL};
    const char *const values[] = {"verify-full", "10",   "30000",  "forescale",
                                  url,           "UTF8", password, NULL};
    s->db = PQconnectdbParams(words, values, 1);
    if (!s->db)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    if (PQstatus(s->db) != CONNECTION_OK)
        return refused(s, err);
    PQsetNoticeProcessor(s->db, be_silent, NULL);
    /* An intent must be on the disk before the cluster is touched. */
    FSC_TRY(exec(s,
                 "SET synchronous_commit = on; SET lock_timeout = '5s'; "
                 "SET idle_in_transaction_session_timeout = '60s'",
                 err));
    FSC_TRY(fsc__store_migrate(s, access, err));
    return access == FSC_STORE_READ ? exec(s, "SET default_transaction_read_only = on", err)
                                    : FSC_OK;
}

static void close_database(fsc_store *s)
{
    PQfinish(s->db);
}

const fsc_engine fsc__pg = {
    .migrations = migrations,
    .newest_schema = sizeof migrations / sizeof *migrations,
    .begin = "BEGIN ISOLATION LEVEL REPEATABLE READ",
    .open = open_database,
    .close = close_database,
    .exec = exec,
    .in_transaction = in_transaction,
    .version = version,
    .alone = alone,
    .check = check,
    .prepare = prepare,
    .finalize = finalize,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_bytes = bind_bytes,
    .step = step,
    .reset = reset,
    .get_int = get_int,
    .get_text = get_text,
    .get_bytes = get_bytes,
};
