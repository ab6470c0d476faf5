/* SPDX-License-Identifier: Apache-2.0
 *
 * The way into code that was loaded at run time, host side only. Two kinds of call go through here:
 *
 *  - calls whose signature is known only at run time: native components and foreign functions, by libffi;
 *  - calls of the plugin ABI's own function pointers, whose prototypes are in the headers.
 *
 * Both catch every C++ exception that the callee lets out, so that a plugin that throws gives an error value here and
 * does not end the process. Nothing here can protect against a callee that writes where it should not. The worker
 * process is there for that.
 *
 * A function that can fail returns an owned failure; NULL means success. Everything is [any-thread].
 */
#ifndef SUTURE_CFOREIGN_H
#define SUTURE_CFOREIGN_H

#include "suture/suture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why a call did not happen, or what came out of it instead of a result. Opaque. */
typedef struct suture_foreign_failure suture_foreign_failure;

/* 1: the callee ran and let out an exception. 0: the call was refused and the callee did not run. */
int32_t suture_foreign_failure_is_exception(const suture_foreign_failure *SUTURE_NONNULL failure);
/* One clause without a full stop; what() of an exception. Lives as long as the failure. */
const char *SUTURE_NONNULL suture_foreign_failure_text(const suture_foreign_failure *SUTURE_NONNULL failure);
void suture_foreign_failure_release(suture_foreign_failure *SUTURE_NULLABLE failure);

/* MARK: Signatures
 *
 * "e(ppppdl)" or "f64(str, str)": a result and its arguments, by letters or by words.
 *
 *   letter  word  C type              letter  word  C type
 *   d       f64   double              s       str   const char *
 *   f       f32   float               p       ptr   void *
 *   l       i64   int64_t             e       error suture_error * (result only)
 *   i       i32   int32_t             v       void  nothing (result only)
 *   b       u8    uint8_t
 */

/* A signature that was read and prepared for libffi. Immutable. */
typedef struct suture_foreign_signature suture_foreign_signature;

/* Reads a signature. The failure names the place where reading stopped. */
suture_foreign_failure *SUTURE_NULLABLE
suture_foreign_signature_new(const char *SUTURE_NONNULL text,
                             suture_foreign_signature *SUTURE_NULLABLE *SUTURE_NONNULL out);
void suture_foreign_signature_release(suture_foreign_signature *SUTURE_NULLABLE signature);
/* The letter of the result. */
char suture_foreign_signature_result(const suture_foreign_signature *SUTURE_NONNULL signature);
/* The letters of the arguments, ended by NUL. Lives as long as the signature. */
const char *SUTURE_NONNULL suture_foreign_signature_arguments(const suture_foreign_signature *SUTURE_NONNULL signature);
/* The word of a letter ("f64" for 'd'), or NULL where the alphabet has no such letter. Lives as long as the process. */
const char *SUTURE_NULLABLE suture_foreign_word(char letter);

/* MARK: Calls by signature */

/* A value under its letter. 'd' and 'f' use `number`; 'l', 'i' and 'b' use `integer`; 's', 'p' and 'e' use `pointer`. */
typedef struct suture_foreign_value {
    int32_t letter;
    int32_t reserved;
    double number;
    int64_t integer;
    const void *SUTURE_NULLABLE pointer;
} suture_foreign_value;

/* Calls `function`. Before the call it compares number and letters of the arguments with the signature and integers with
 * the range of their type. The result is written under the signature's letter ('v': nothing but the letter). That the
 * signature fits the code cannot be checked: a wrong one is undefined behaviour. */
suture_foreign_failure *SUTURE_NULLABLE suture_foreign_call(const suture_foreign_signature *SUTURE_NONNULL signature,
                                                            void (*SUTURE_NONNULL function)(void),
                                                            const suture_foreign_value *SUTURE_NULLABLE arguments,
                                                            int64_t count, suture_foreign_value *SUTURE_NONNULL result);

/* MARK: Closures */

/* A C function of a signature known only at run time. */
typedef struct suture_foreign_closure suture_foreign_closure;

/* Receives a call of a closure: `count` arguments under their letters, and a result to fill (its letter is set). */
typedef void (*suture_foreign_handler)(void *SUTURE_NULLABLE context,
                                       const suture_foreign_value *SUTURE_NULLABLE arguments, int64_t count,
                                       suture_foreign_value *SUTURE_NONNULL result);

/* Makes a function that calls `handler` with `context`. The closure keeps the signature; the caller keeps the context alive
 * until the closure is released. */
suture_foreign_failure *SUTURE_NULLABLE
suture_foreign_closure_new(const char *SUTURE_NONNULL signature, suture_foreign_handler SUTURE_NONNULL handler,
                           void *SUTURE_NULLABLE context, suture_foreign_closure *SUTURE_NULLABLE *SUTURE_NONNULL out);
/* The function, to be given away; valid until the closure is released. */
const void *SUTURE_NONNULL suture_foreign_closure_function(const suture_foreign_closure *SUTURE_NONNULL closure);
void suture_foreign_closure_release(suture_foreign_closure *SUTURE_NULLABLE closure);

/* MARK: Guarded calls of the plugin ABI
 *
 * Each calls one function pointer of the plugin and catches what it throws. What the function returned goes to `out`. The
 * caller has checked that the table is long enough and that the pointer is not NULL. */

typedef const suture_plugin *SUTURE_NULLABLE (*suture_plugin_entry_function)(uint32_t, uint32_t);

suture_foreign_failure *SUTURE_NULLABLE suture_guarded_entry(suture_plugin_entry_function SUTURE_NONNULL entry,
                                                             uint32_t host_major, uint32_t host_minor,
                                                             const suture_plugin *SUTURE_NULLABLE *SUTURE_NONNULL out);
suture_foreign_failure *SUTURE_NULLABLE suture_guarded_start(const suture_plugin *SUTURE_NONNULL plugin,
                                                             const suture_host *SUTURE_NONNULL host,
                                                             suture_error *SUTURE_NULLABLE *SUTURE_NONNULL out);
suture_foreign_failure *SUTURE_NULLABLE suture_guarded_component_count(const suture_plugin *SUTURE_NONNULL plugin,
                                                                       int64_t *SUTURE_NONNULL out);
suture_foreign_failure *SUTURE_NULLABLE
suture_guarded_component_at(const suture_plugin *SUTURE_NONNULL plugin, int64_t index,
                            const suture_component *SUTURE_NULLABLE *SUTURE_NONNULL out);
suture_foreign_failure *SUTURE_NULLABLE suture_guarded_create(const suture_plugin *SUTURE_NONNULL plugin,
                                                              const char *SUTURE_NONNULL component_id, int32_t kind,
                                                              const suture_arguments *SUTURE_NONNULL arguments,
                                                              suture_instance *SUTURE_NULLABLE *SUTURE_NONNULL instance,
                                                              suture_error *SUTURE_NULLABLE *SUTURE_NONNULL out);
suture_foreign_failure *SUTURE_NULLABLE suture_guarded_destroy(const suture_plugin *SUTURE_NONNULL plugin,
                                                               suture_instance *SUTURE_NONNULL instance);
suture_foreign_failure *SUTURE_NULLABLE
suture_guarded_call(const suture_plugin *SUTURE_NONNULL plugin, suture_instance *SUTURE_NONNULL instance,
                    suture_session *SUTURE_NONNULL session, const suture_call *SUTURE_NONNULL call,
                    const suture_sink *SUTURE_NONNULL sink, suture_error *SUTURE_NULLABLE *SUTURE_NONNULL out);

#ifdef __cplusplus
}
#endif
#endif
