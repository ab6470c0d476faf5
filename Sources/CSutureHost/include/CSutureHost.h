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

/* Texts that a plugin hands over to be read by people are cut after so many bytes, with a note. */
#define SUTURE_HOST_LONGEST_TEXT ((size_t)16384)

/* A copy of a text, cut where it is longer than that. The caller frees it. NULL where memory is short. Thread-safe. */
char *SUTURE_NULLABLE suture_host_text(const char *SUTURE_NONNULL text);

/* The functions of suture_host that deal with errors. `context` is ignored. Thread-safe. A pointer that is not an error, or
 * not any more, is read as one that says so, and releasing it does nothing. */
suture_error *SUTURE_NONNULL suture_host_error_new(void *SUTURE_NULLABLE context, suture_code code,
                                                   const char *SUTURE_NONNULL message,
                                                   const char *SUTURE_NULLABLE hint);
suture_code suture_host_error_code(void *SUTURE_NULLABLE context, const suture_error *SUTURE_NONNULL error);
const char *SUTURE_NONNULL suture_host_error_message(void *SUTURE_NULLABLE context,
                                                     const suture_error *SUTURE_NONNULL error);
const char *SUTURE_NONNULL suture_host_error_hint(void *SUTURE_NULLABLE context,
                                                  const suture_error *SUTURE_NONNULL error);
void suture_host_error_release(void *SUTURE_NULLABLE context, suture_error *SUTURE_NONNULL error);

/* Whether a pointer is an error that was made here and not ended. */
int32_t suture_host_is_error(const suture_error *SUTURE_NONNULL error);

/* Memory that nobody may write, such as weights in pages that the system protects. Thread-safe. `path` is the file that is
 * mapped there, if any. `unwatch` takes what `watch` gave, which is NULL where memory is short: the range is then not known,
 * and no worse protected. */
void *SUTURE_NULLABLE suture_host_watch(const void *SUTURE_NONNULL start, size_t size,
                                        const char *SUTURE_NULLABLE path);
void suture_host_unwatch(void *SUTURE_NULLABLE watch);
/* From now on a write into such memory ends this process by the signal suture_host_write_signal, and not by SIGSEGV. */
void suture_host_report_writes(void);
int32_t suture_host_write_signal(void);
/* From now on a read of a watched file that another program has cut short ends this process with that code, and with a sentence
 * on standard error that names the file. For processes that people see: a worker's end is told by its host. */
void suture_host_report_cut_files(int32_t exit_code);

/* Gives each of two files or folders the name of the other, in one step. 0, or the system's number for why not: EINVAL where
 * the file system cannot do it. */
int32_t suture_host_exchange_paths(const char *SUTURE_NONNULL one, const char *SUTURE_NONNULL other);

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
