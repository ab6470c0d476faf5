/* SPDX-License-Identifier: Apache-2.0
 *
 * This is for the host alone: the one representation of suture_error, which the tensor backend and the runtime share.
 * Plugins reach it through suture_host.
 */
#ifndef CSUTURE_HOST_H
#define CSUTURE_HOST_H

#include "SutureFirstSizes.h"
#include "suture/suture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The functions of suture_host that deal with errors. `context` is ignored. Thread-safe. */
suture_error *SUTURE_NONNULL suture_host_error_new(void *SUTURE_NULLABLE context, suture_code code,
                                                   const char *SUTURE_NONNULL message,
                                                   const char *SUTURE_NULLABLE hint);
suture_code suture_host_error_code(void *SUTURE_NULLABLE context, const suture_error *SUTURE_NONNULL error);
const char *SUTURE_NONNULL suture_host_error_message(void *SUTURE_NULLABLE context,
                                                     const suture_error *SUTURE_NONNULL error);
const char *SUTURE_NONNULL suture_host_error_hint(void *SUTURE_NULLABLE context,
                                                  const suture_error *SUTURE_NONNULL error);
void suture_host_error_release(void *SUTURE_NULLABLE context, suture_error *SUTURE_NONNULL error);

/* Signs of life of this process. One is noted for each tensor that an operation makes, each call of the model's table that
 * can fail, each look-up of a table, each line for the log, and each report of progress. The worker tells the host process
 * when the count has moved: a plugin that computes through the host is slow, one that does not is stuck. Thread-safe; costs
 * one atomic addition. */
void suture_host_note_activity(void);
uint64_t suture_host_activity(void);

#ifdef __cplusplus
}
#endif
#endif
