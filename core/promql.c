/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/promql.h"
#include "forescale/buf.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { QUERY_BYTES = 256 * 1024 };

static bool has_word(const char *text, const char *const *words)
{
    for (; *words; words++)
        for (const char *p = text; *p; p++)
            if (!strncasecmp(p, *words, strlen(*words)))
                return true;
    return false;
}

/* The character after a quoted text or a {...} or [...] that begins at p. */
static const char *skip_group(const char *p)
{
    char close = *p == '{' ? '}' : *p == '[' ? ']' : *p;
    for (p++; *p && *p != close; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

bool fsc_promql_filters(const char *q)
{
    while (*q) {
        if (strchr("\"'`{[", *q)) {
            q = skip_group(q);
            continue;
        }
        bool compares =
            *q == '<' || *q == '>' || (q[0] == '=' && q[1] == '=') || (q[0] == '!' && q[1] == '=');
        if (!compares) {
            q++;
            continue;
        }
        q += q[1] == '=' ? 2 : 1;
        while (isspace((unsigned char)*q))
            q++;
        if (strncmp(q, "bool", 4))
            return true;
    }
    return false;
}

bool fsc_promql_is_money(const char *query)
{
    static const char *const money[] = {"cost", "price", "spend", "usd", "dollar", "billing", NULL};
    return has_word(query, money);
}

bool fsc_promql_is_share(const char *query)
{
    static const char *const shares[] = {"usage_perc", "utilization", "_util",   "ratio",
                                         "percent",    "token_usage", "_ACTIVE", NULL};
    return has_word(query, shares);
}

bool fsc_promql_counts_completions(const char *query)
{
    static const char *const done[] = {
        "success_total",     "request_success",    "completed", "finished",
        "generation_tokens", "requests_processed", NULL};
    return has_word(query, done);
}

bool fsc_promql_is_unfit(const char *query)
{
    return fsc_promql_filters(query) || fsc_promql_is_money(query) || fsc_promql_is_share(query) ||
           fsc_promql_counts_completions(query);
}

/* A line's end behind each query, which may end in a comment. */
fsc_status fsc_promql_most(const char **out, const fsc_promql_part *parts, size_t n, fsc_arena *a,
                           fsc_err *err)
{
    fsc_buf b;
    if (n == 1) {
        *out = parts[0].query;
        return FSC_OK;
    }
    fsc_buf_init(&b, a, QUERY_BYTES);
    fsc_buf_puts(&b, "max(");
    for (size_t i = 0; i < n; i++)
        fsc_buf_printf(
            &b, "%slabel_replace((%s\n) * %.17g, \"forescale_trigger\", \"%zu\", \"\", \"\")",
            i ? " or " : "", parts[i].query, parts[i].weight, i);
    fsc_buf_puts(&b, ")");
    for (size_t i = 0; i < n; i++)
        fsc_buf_printf(&b, " and on() (%s\n)", parts[i].query);
    FSC_TRY(fsc_buf_status(&b, err));
    *out = fsc_buf_str(&b);
    return FSC_OK;
}
