/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes of a pool and pods of a workload, as the Kubernetes API lists them. */
#ifndef FORESCALE_NODES_H
#define FORESCALE_NODES_H

#include "forescale/kube.h"

typedef struct fsc_pod_seen {
    const char *uid, *node;               /* node "": not scheduled */
    int64_t created, scheduled, ready_at; /* 0: not yet, or no more */
    bool terminating;
} fsc_pod_seen;

typedef struct fsc_pods_seen {
    size_t n;
    const fsc_pod_seen *v;
} fsc_pods_seen;

typedef struct fsc_node_seen {
    const char *uid, *name;
    int64_t created, ready_at; /* ready_at 0: not ready */
    int64_t gpus;              /* nvidia.com/gpu that it offers to pods */
    bool leaving; /* cordoned, deleted, or under the taint of a termination notice or a drain */
} fsc_node_seen;

typedef struct fsc_nodes_seen {
    size_t n;
    const fsc_node_seen *v;
} fsc_nodes_seen;

/* Pods that are not done, by the API's labelSelector. */
fsc_status fsc_pods_read(fsc_pods_seen *out, fsc_kube *k, const char *namespace_,
                         const char *selector, fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* Nodes that carry all of these labels. */
fsc_status fsc_nodes_read(fsc_nodes_seen *out, fsc_kube *k, const fsc_string_map *labels,
                          fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Karpenter's NodeClaims of a NodePool, as what ordered their nodes. */
fsc_status fsc_claims_read(fsc_pods_seen *out, fsc_kube *k, const char *pool, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;

/* A pool's nodes, counted; used_known is the caller's to say. */
typedef struct fsc_pool_seen {
    bool known;
    int64_t nodes, ready, leaving;
    bool used_known; /* the pods of all its workloads could be listed */
    int64_t used;    /* of those that stay, with pods of ours */
} fsc_pool_seen;

fsc_pool_seen fsc_pool_count(const fsc_nodes_seen *nodes, const fsc_pods_seen *pods, size_t n_pods);

#endif
