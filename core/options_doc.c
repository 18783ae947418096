/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference of options: Markdown for people, JSON Schema for editors. */
#include "core/options_types.h"

#include <stdio.h>
#include <string.h>

const char *const fsc__option_labels[] = {
    [FSC_OPT_STRING] = "text",
    [FSC_OPT_PROMQL] = "PromQL",
    [FSC_OPT_URL] = "URL",
    [FSC_OPT_PATH] = "path",
    [FSC_OPT_SECRET_FILE] = "path of a secret",
    [FSC_OPT_SECRET] = "${NAME}",
    [FSC_OPT_BOOL] = "true or false",
    [FSC_OPT_INT] = "whole number",
    [FSC_OPT_REAL] = "number",
    [FSC_OPT_RATIO] = "ratio",
    [FSC_OPT_QUANTILE] = "quantile level",
    [FSC_OPT_DURATION] = "duration",
    [FSC_OPT_TIME] = "time",
    [FSC_OPT_LOCAL_TIME] = "local time",
    [FSC_OPT_MONEY] = "money",
    [FSC_OPT_RATE] = "money an hour",
    [FSC_OPT_CURRENCY_RATE_UNIT] = "currency, or currency/h",
    [FSC_OPT_ENUM] = "word",
    [FSC_OPT_ZONE] = "time zone",
    [FSC_OPT_STRINGS] = "list of texts",
    [FSC_OPT_STRING_MAP] = "map of texts",
    [FSC_OPT_SECTION] = "section",
    [FSC_OPT_SECTIONS] = "list of sections",
    [FSC_OPT_CUSTOM] = "own form",
};

/* Of the types whose schema is always the same. */
static const char *const schemas[] = {
    [FSC_OPT_STRING] = "\"type\":\"string\"",
    [FSC_OPT_PROMQL] = "\"type\":\"string\"",
    [FSC_OPT_URL] = "\"type\":\"string\",\"pattern\":\"^https?://\"",
    [FSC_OPT_PATH] = "\"type\":\"string\"",
    [FSC_OPT_SECRET_FILE] = "\"type\":\"string\"",
    [FSC_OPT_SECRET] = "\"type\":\"string\",\"pattern\":\"^\\\\$\\\\{.+\\\\}$\"",
    [FSC_OPT_BOOL] = "\"type\":\"boolean\"",
    [FSC_OPT_INT] = "\"type\":\"integer\"",
    [FSC_OPT_REAL] = "\"type\":\"number\"",
    [FSC_OPT_RATIO] = "\"type\":\"number\"",
    [FSC_OPT_QUANTILE] = "\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1",
    [FSC_OPT_DURATION] = "\"type\":\"string\",\"pattern\":\"^([0-9]+[wdhms])+$\"",
    [FSC_OPT_TIME] = "\"type\":[\"string\",\"integer\"]",
    [FSC_OPT_LOCAL_TIME] = "\"type\":\"string\"",
    [FSC_OPT_MONEY] = "\"type\":\"string\",\"pattern\":\"^[0-9.]+ [A-Z]{3}$\"",
    [FSC_OPT_RATE] = "\"type\":\"string\",\"pattern\":\"^[0-9.]+ [A-Z]{3}/h$\"",
    [FSC_OPT_CURRENCY_RATE_UNIT] = "\"type\":\"string\",\"pattern\":\"^[A-Z]{3}(/h)?$\"",
    [FSC_OPT_ZONE] = "\"type\":\"string\"",
    [FSC_OPT_STRINGS] = "\"type\":\"array\",\"items\":{\"type\":\"string\"}",
    [FSC_OPT_STRING_MAP] = "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}",
};

const char *fsc__option_bound(char out[FSC_TIME_TEXT], const fsc_opt *row, double bound)
{
    if (row->type == FSC_OPT_DURATION)
        return fsc_duration_format(out, (int64_t)bound);
    (void)snprintf(out, FSC_TIME_TEXT, "%g", bound);
    return out;
}

static void markdown_rows(fsc_buf *out, const char *path, const fsc_opt *rows)
{
    for (const fsc_opt *row = rows; row->key; row++) {
        char full[200];
        (void)snprintf(full, sizeof full, "%s%s%s%s", path, *path ? "." : "", row->key,
                       row->type == FSC_OPT_SECTIONS ? "[]" : "");
        fsc_buf_printf(out, "| `%s` | %s", full, fsc__option_labels[row->type]);
        if (row->short_for)
            fsc_buf_printf(out, ", or its `%s` alone", row->short_for);
        for (size_t i = 0; row->words && row->words[i]; i++)
            fsc_buf_printf(out, "%s`%s`", i ? ", " : ": ", row->words[i]);
        char min[FSC_TIME_TEXT], max[FSC_TIME_TEXT];
        if (row->min < row->max)
            fsc_buf_printf(out, ", %s to %s", fsc__option_bound(min, row, row->min),
                           fsc__option_bound(max, row, row->max));
        if (row->def)
            fsc_buf_printf(out, " | `%s`", row->def);
        else
            fsc_buf_puts(out, row->optional || row->type == FSC_OPT_SECTION ? " |" : " | required");
        fsc_buf_printf(out, " | %s |\n", row->doc);
        if (row->rows)
            markdown_rows(out, full, row->rows);
    }
}

void fsc_options_markdown(fsc_buf *out, const char *title, const fsc_opt *rows)
{
    fsc_buf_printf(out, "# %s\n\n| key | value | default | what it is |\n|---|---|---|---|\n",
                   title);
    markdown_rows(out, "", rows);
}

static void schema_object(fsc_buf *out, const fsc_opt *rows);

static void schema_type(fsc_buf *out, const fsc_opt *row)
{
    if (row->short_for) {
        const fsc_opt *only = row->rows;
        while (strcmp(only->key, row->short_for))
            only++;
        fsc_buf_puts(out, "\"anyOf\":[{");
        schema_type(out, only);
        fsc_buf_puts(out, "},{");
        schema_object(out, row->rows);
        fsc_buf_puts(out, "}]");
    } else if (row->type == FSC_OPT_SECTION) {
        schema_object(out, row->rows);
    } else if (row->type == FSC_OPT_SECTIONS) {
        fsc_buf_puts(out, "\"type\":\"array\",\"items\":{");
        schema_object(out, row->rows);
        fsc_buf_puts(out, "}");
    } else if (row->words) {
        fsc_buf_puts(out, "\"enum\":[");
        for (size_t i = 0; row->words[i]; i++)
            fsc_buf_printf(out, "%s\"%s\"", i ? "," : "", row->words[i]);
        fsc_buf_puts(out, "]");
    } else if (row->type != FSC_OPT_CUSTOM) {
        fsc_buf_puts(out, schemas[row->type]);
    }
    if (row->type == FSC_OPT_RATIO && row->min >= row->max)
        fsc_buf_puts(out, ",\"minimum\":0,\"maximum\":1");
    if (row->min < row->max && row->type != FSC_OPT_DURATION)
        fsc_buf_printf(out, ",\"minimum\":%.15g,\"maximum\":%.15g", row->min, row->max);
}

static void schema_object(fsc_buf *out, const fsc_opt *rows)
{
    fsc_buf_puts(out, "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (const fsc_opt *row = rows; row->key; row++) {
        fsc_buf_printf(out, "%s\"%s\":{", row == rows ? "" : ",", row->key);
        schema_type(out, row);
        size_t before = out->len;
        fsc_buf_puts(out, before && out->data[before - 1] == '{' ? "\"description\":\""
                                                                 : ",\"description\":\"");
        for (const char *p = row->doc; *p; p++)
            fsc_buf_printf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
        fsc_buf_puts(out, "\"}");
    }
    fsc_buf_puts(out, "},\"required\":[");
    const char *comma = "";
    for (const fsc_opt *row = rows; row->key; row++)
        if (!row->def && !row->optional && row->type != FSC_OPT_SECTION) {
            fsc_buf_printf(out, "%s\"%s\"", comma, row->key);
            comma = ",";
        }
    fsc_buf_puts(out, "]");
}

void fsc_options_json_schema(fsc_buf *out, const fsc_opt *rows)
{
    fsc_buf_puts(out, "{\"$schema\":\"https://json-schema.org/draft/2020-12/"
                      "schema\",\"title\":\"forescale configuration\",");
    schema_object(out, rows);
    fsc_buf_puts(out, "}");
}
