/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/from_cluster.h"
#include "cli/preset.h"
#include "forescale/json.h"

#include <string.h>

extern const char fsc__sample_config[], fsc__gitops[];

enum { CONFIG_LIMIT = 16 << 20 };

/* The sample with the preset's demand in the place of the one that it shows as a comment. */
static void add_preset(fsc_buf *out, const fsc_preset *p)
{
    static const char mark[] = "    # demand is read from";
    const char *at = strstr(fsc__sample_config, mark);
    const char *rest = strstr(at, "    utilization:");
    fsc_buf_add(out, fsc__sample_config, (size_t)(at - fsc__sample_config));
    fsc_buf_printf(out, "    # %s, %s: %s\n    demand:\n      query: ", p->server, p->unit,
                   p->note);
    fsc_json_string(out, p->query);
    fsc_buf_puts(out, "\n      perReplica: ");
    fsc_json_number(out, p->per_replica);
    fsc_buf_puts(out,
                 "                # CHANGE: what one replica serves within its latency goal\n");
    fsc_buf_puts(out, rest);
}

static fsc_status write_config(fsc_buf *out, fsc_cli *cli, fsc_err *err)
{
    const fsc_preset *preset;
    const fsc_args *args = &cli->args;
    if ((args->preset != NULL) + args->from_cluster + args->gitops > 1)
        return fsc_fail(err, FSC_USAGE, "give one of --preset, --from-cluster and --gitops");
    if (args->from_cluster)
        return fsc_from_cluster(out, cli, args->namespace_, err);
    if (args->preset) {
        FSC_TRY(fsc_preset_find(&preset, args->preset, err));
        add_preset(out, preset);
        return FSC_OK;
    }
    fsc_buf_puts(out, args->gitops ? fsc__gitops : fsc__sample_config);
    return FSC_OK;
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_buf out;
    fsc_buf_init(&out, cli->arena, CONFIG_LIMIT);
    fsc_status status = write_config(&out, cli, err);
    if (status == FSC_OK || status == FSC_MISSING) { /* comments tell why nothing is usable */
        fsc_err full = FSC_ERR_INIT;
        if (fsc_buf_status(&out, &full) == FSC_OK)
            (void)fputs(fsc_buf_str(&out), stdout);
        else
            *err = full;
    }
    return err->code == FSC_OK ? FSC_EXIT_OK : fsc_exit_of(err->code, err->retryable);
}

static const fsc_arg args[] = {
    {"from-cluster", 0, FSC_ARG_FLAG, offsetof(fsc_args, from_cluster), 0, NULL, NULL,
     "From the cluster's ScaledObjects and HPAs, of one namespace with -n."},
    {"preset", 0, FSC_ARG_TEXT, offsetof(fsc_args, preset), 0, "NAME", NULL,
     "With the query of vllm, sglang, triton, tgi, inference-gateway or redis."},
    {"gitops", 0, FSC_ARG_FLAG, offsetof(fsc_args, gitops), 0, NULL, NULL,
     "Prints what Argo CD, Flux or KEDA need beside forescale instead."},
    {0},
};
const fsc_command fsc_cmd_init = {"init", "Writes a starting configuration to standard output.",
                                  NULL,   args,
                                  run,    "forescale init --preset vllm > config.yaml"};
