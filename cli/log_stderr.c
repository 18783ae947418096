/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/colour.h"
#include "forescale/json.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static void write_json(fsc_cli *cli, fsc_log_level level, const char *msg, va_list fields)
{
    char at[FSC_TIME_TEXT];
    fsc_arena_mark mark = fsc_arena_get_mark(cli->arena);
    fsc_buf line;
    fsc_buf_init(&line, cli->arena, 64 * 1024);
    fsc_buf_printf(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":",
                   fsc_time_format(at, (int64_t)time(NULL)), level_names[level]);
    fsc_json_string(&line, msg);
    for (const char *key; (key = va_arg(fields, const char *));) {
        fsc_buf_puts(&line, ",");
        fsc_json_string(&line, key);
        fsc_buf_puts(&line, ":");
        const char *value = va_arg(fields, const char *);
        fsc_json_string(&line, value ? value : "");
    }
    (void)fprintf(stderr, "%s}\n", fsc_buf_str(&line));
    fsc_arena_rewind(cli->arena, mark);
}

static void write_text(fsc_log_level level, const char *msg, va_list fields)
{
    static const fsc_meaning meanings[] = {[FSC_LOG_ERROR] = FSC_MEANS_OVER,
                                           [FSC_LOG_WARN] = FSC_MEANS_HELD,
                                           [FSC_LOG_INFO] = FSC_MEANS_NOTHING,
                                           [FSC_LOG_DEBUG] = FSC_MEANS_NOTHING};
    fsc_paint(stderr, meanings[level], "%s:", level_names[level]);
    (void)fprintf(stderr, " %s", msg);
    for (const char *key; (key = va_arg(fields, const char *));) {
        const char *value = va_arg(fields, const char *);
        (void)fprintf(stderr, " %s=%s", key, value ? value : "");
    }
    (void)fputc('\n', stderr);
}

static void write_line(void *ctx, fsc_log_level level, const char *msg, va_list fields)
{
    fsc_cli *cli = ctx;
    if (cli->log_json)
        write_json(cli, level, msg, fields);
    else
        write_text(level, msg, fields);
}

void fsc_log_to_stderr(fsc_cli *cli)
{
    cli->log_json = cli->args.log_format && !strcmp(cli->args.log_format, "json");
    cli->log = (fsc_log){.ctx = cli, .level = FSC_LOG_INFO, .write = write_line};
    for (int i = 0; cli->args.log_level && i <= FSC_LOG_DEBUG; i++)
        if (!strcmp(cli->args.log_level, level_names[i]))
            cli->log.level = (fsc_log_level)i;
}
