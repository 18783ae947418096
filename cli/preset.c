/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/preset.h"
#include "forescale/options.h"

#include <stdio.h>
#include <string.h>

const fsc_preset fsc_presets[] = {
    {"vllm", "vLLM", "sum(vllm:num_requests_running + vllm:num_requests_waiting)",
     "requests in flight", 32, "add namespace and model_name matchers when several models report"},
    {"sglang", "SGLang", "sum(sglang:num_running_reqs + sglang:num_queue_reqs)",
     "requests in flight", 32, "the server needs --enable-metrics"},
    {"triton", "Triton Inference Server",
     "sum(nv_inference_pending_request_count) + "
     "sum(rate(nv_inference_compute_infer_duration_us[2m])) / 1e6",
     "requests in flight", 8,
     "running requests are the time spent computing a second (Little's law); pending ones are a "
     "gauge"},
    {"tgi", "Text Generation Inference", "sum(tgi_batch_current_size + tgi_queue_size)",
     "requests in flight", 32, "TGI is in maintenance; the metrics stay as they are"},
    {"inference-gateway", "Gateway API Inference Extension",
     "sum((inference_pool_average_running_requests + inference_pool_average_queue_size) * "
     "inference_pool_ready_pods)",
     "requests in flight", 32, "the averages are for a pod: they are multiplied by the ready ones"},
    {"redis", "a Redis list as the queue of jobs", "sum(redis_key_size{key=\"jobs\"})",
     "jobs waiting", 5,
     "redis_exporter counts only the keys named by --check-keys; perReplica is KEDA's listLength / "
     "utilization"},
    {0},
};

fsc_status fsc_preset_find(const fsc_preset **out, const char *name, fsc_err *err)
{
    const char *names[32];
    char list[160] = "";
    size_t n = 0, used = 0;
    for (const fsc_preset *p = fsc_presets; p->name; p++) {
        names[n++] = p->name;
        if (!strcmp(p->name, name)) {
            *out = p;
            return FSC_OK;
        }
        int more = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", p->name);
        used += more > 0 && used + (size_t)more < sizeof list ? (size_t)more : 0;
    }
    const char *near = fsc_suggest(name, names, n);
    if (near)
        return fsc_fail(err, FSC_USAGE, "there is no preset %s: did you mean %s?", name, near);
    return fsc_fail(err, FSC_USAGE, "there is no preset %s: there are %s", name, list);
}
