/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stages of a run. Each survives the failure of a part: a workload that fails is held, and
 * said. */
#ifndef FSC_STAGES_H
#define FSC_STAGES_H

#include "cli/session.h"

#define FSC_ORIGIN_TEXT 120

/* Feeds the rows of --input up to now. */
fsc_status fsc_stage_csv(fsc_session *s, fsc_err *err) FSC_CHECKED;

/* Reads the state of --state, where the file exists; writes it back, whole or not at all. */
fsc_status fsc_stage_state_read(fsc_session *s, fsc_err *err) FSC_CHECKED;
fsc_status fsc_stage_state_write(const fsc_session *s, fsc_err *err) FSC_CHECKED;

/* Loads the planner's state and what was spent, and makes the forecasts; saves the planner's, and
 * the learned leads. */
fsc_status fsc_stage_history(fsc_session *s, fsc_err *err) FSC_CHECKED;
fsc_status fsc_stage_history_save(fsc_session *s, fsc_err *err) FSC_CHECKED;

/* forecasts.c: of every workload, from the states that the store keeps and the history since; with
 * keeps_states the new states are saved. */
fsc_status fsc_stage_forecasts(fsc_session *s, fsc_err *err) FSC_CHECKED;

/* Reads what the store lacks from the sources. *failed counts the queries that did not succeed. */
fsc_status fsc_stage_collect(fsc_session *s, int64_t since_s, size_t *failed,
                             fsc_err *err) FSC_CHECKED;

/* stage_money.c: what the pools' nodes cost now. Readers are asked where `ask` is set; what is
 * wrong with a price is logged. Writing it into the ledger is a step of its own. */
fsc_status fsc_stage_prices(fsc_session *s, bool ask, fsc_err *err) FSC_CHECKED;
fsc_status fsc_stage_prices_journal(fsc_session *s, const char *run_id, fsc_err *err) FSC_CHECKED;
/* Reads the meters into the store; one that fails is logged and counted in *failed. */
fsc_status fsc_stage_meters(fsc_session *s, size_t *failed, fsc_err *err) FSC_CHECKED;
/* What meters and ledger say of each budget's window; the guard's own memory counts where it knows
 * of more. */
fsc_status fsc_stage_spend(fsc_session *s, fsc_err *err) FSC_CHECKED;
/* When the window that now lies in began. */
int64_t fsc_budget_window_start(const fsc_session *s, const fsc_window *w);
fsc_status fsc_stage_spend_journal(fsc_session *s, const char *run_id, fsc_err *err) FSC_CHECKED;
/* "OpenCost, 3m ago" of a quote; returns out. */
const char *fsc_quote_origin(char out[FSC_ORIGIN_TEXT], const fsc_quote *q, int64_t now);

/* Reads the targets. *failed counts those that could not be read: held, and said. */
fsc_status fsc_stage_observe(fsc_session *s, size_t *failed, fsc_err *err) FSC_CHECKED;

/* Everything that a plan is made of, from --input or the store and the cluster, and nothing that
 * writes. At an --at of the past the cluster of today says nothing. */
fsc_status fsc_stage_gather(fsc_session *s, fsc_err *err) FSC_CHECKED;

/* Does any workload's target live in a cluster? */
bool fsc_session_has_targets(const fsc_session *s);

/* plan_table.c */
void fsc_plan_budgets(const fsc_plan *p); /* the table's last part */
fsc_status fsc_plan_print(const fsc_plan *p, const fsc_session *s, fsc_err *err) FSC_CHECKED;
/* 0, or with --detailed-exitcode what the plan says. */
fsc_exit fsc_plan_exit(const fsc_session *s, const fsc_plan *p);

#endif
