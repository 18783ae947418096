/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration's loader: whatever the text, it loads or says where and why it does not. */
#include "forescale/yaml.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *no_env(void *io, const char *name)
{
    (void)io;
    (void)name;
    return NULL;
}

static fsc_status read_zone(const void **out, void *io, const char *name, fsc_arena *arena,
                            fsc_err *err)
{
    (void)io;
    const fsc_zone *zone;
    FSC_TRY(fsc_zone_load(&zone, name, arena, err));
    *out = zone;
    return FSC_OK;
}

static fsc_status load(const char *text, size_t n, fsc_arena *arena, fsc_err *err)
{
    const fsc_node *root;
    fsc_config config;
    const fsc_opt_ctx ctx = {.file = "fuzz", .arena = arena, .env = no_env, .zone = read_zone};
    FSC_TRY(fsc_yaml_parse(&root, "fuzz", text, n, arena, err));
    return fsc_config_parse(&config, root, &ctx, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fsc_arena *arena;
    fsc_err err = FSC_ERR_INIT;
    if (fsc_arena_open(&arena, LIMIT_BYTES, &err) != FSC_OK)
        abort();
    fsc_status status = load((const char *)data, n, arena, &err);
    if (status != FSC_OK && (status != err.code || !err.msg[0]))
        abort();
    fsc_arena_close(arena);
    return 0;
}
