/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the doctor asks the API server: may we, is it there, and does its clock agree? */
#ifndef FSC_DOCTOR_CLUSTER_H
#define FSC_DOCTOR_CLUSTER_H

#include "cli/doctor.h"
#include "cli/session.h"

/* Each right that the configuration's targets and pools need (SelfSubjectAccessReview). *asked
 * counts the questions. */
void fsc_doctor_rights(fsc_session *s, size_t *asked, fsc_doctor_tell tell, void *ctx);

/* APIs of kinds that do not come with Kubernetes. */
void fsc_doctor_apis(fsc_session *s, fsc_doctor_tell tell, void *ctx);

/* The API server's clock against ours, as it stamps what it is asked. */
void fsc_doctor_clock(fsc_session *s, int64_t now, fsc_doctor_tell tell, void *ctx);

/* Nodes of a pool without GPUs; budgets of disruption that slow a release. */
void fsc_doctor_nodes(fsc_session *s, fsc_doctor_tell tell, void *ctx);
void fsc_doctor_disruption(fsc_session *s, fsc_doctor_tell tell, void *ctx);

/* The workload's scaler and what it scales, through the rules of doctor.h. */
void fsc_doctor_workload(fsc_session *s, size_t w, fsc_doctor_tell tell, void *ctx);

#endif
