/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths of node counts against all paths, tried one by one. */
#include "suite.h"

#include "predictor/node_path.h"

#include <math.h>

enum { SLOTS = 6, MOST = 3, WIDTH = MOST + 1 };

static double uniform(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (double)(*random >> 11) / 9007199254740992.0;
}

typedef struct instance {
    fsc_node_costs costs;
    double slot[SLOTS * WIDTH], price_sum[WIDTH];
    size_t there, kept;
} instance;

static void draw(instance *x, uint64_t seed)
{
    uint64_t random = seed * 2862933555777941757u + 3037000493u;
    for (size_t i = 0; i < SLOTS * WIDTH; i++)
        x->slot[i] = 100 * uniform(&random);
    for (size_t k = 1; k < WIDTH; k++)
        x->price_sum[k] = x->price_sum[k - 1] + uniform(&random);
    x->there = (size_t)(uniform(&random) * WIDTH);
    x->kept = (size_t)(uniform(&random) * (double)(x->there + 1));
    x->costs = (fsc_node_costs){.n_slots = SLOTS,
                                .most = MOST,
                                .slot = x->slot,
                                .price_sum = x->price_sum,
                                .boot_s = 40 * uniform(&random),
                                .idle_s = 60 * uniform(&random),
                                .refill_s = 30 * uniform(&random),
                                .first_start = 1 + (size_t)(uniform(&random) * 4)};
}

static double cost_of(const instance *x, const size_t *path)
{
    const fsc_node_costs *c = &x->costs;
    double sum = 0;
    size_t before = x->kept;
    for (size_t i = 0; i < SLOTS; i++) {
        double change = x->price_sum[path[i]] - x->price_sum[before];
        bool up = path[i] > before;
        if (i == 0 ? path[i] > x->there : up && i < c->first_start)
            return INFINITY;
        sum += up ? change * (i == 0 ? c->refill_s : c->boot_s) : -change * c->idle_s;
        sum += x->slot[i * WIDTH + path[i]];
        before = path[i];
    }
    return sum;
}

static double cheapest_of_all(const instance *x)
{
    double least = INFINITY;
    for (size_t code = 0; code < (size_t)pow(WIDTH, SLOTS); code++) {
        size_t path[SLOTS];
        for (size_t i = 0, rest = code; i < SLOTS; i++, rest /= WIDTH)
            path[i] = rest % WIDTH;
        least = fmin(least, cost_of(x, path));
    }
    return least;
}

START_TEST(no_path_is_cheaper)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        instance x = {.there = 0};
        size_t path[SLOTS];
        draw(&x, seed);
        OK(fsc_node_path(path, &x.costs, x.there, x.kept, arena, &err));
        ck_assert_double_eq_tol(cost_of(&x, path), cheapest_of_all(&x), 1e-6);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, no_path_is_cheaper);
}

int main(void)
{
    return run_suite("node_path", add);
}
