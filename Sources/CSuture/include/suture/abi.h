/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI, part 1: versions, codes, errors, and the rules that every other header follows.
 *
 * Rules
 *  - Every struct begins with `struct_size`. Fields are appended, never reordered, resized or reused. Read a field of a
 *    struct made by the other side only after SUTURE_HAS(pointer, type, field); never copy such a struct whole.
 *  - Integers have fixed width. No enum, bool, bit-field or struct by value crosses. Unknown flags and codes are ignored
 *    or refused by name, never guessed.
 *  - Text is UTF-8 and ends in NUL. Arguments are borrowed: they are valid until the call returns, unless the comment
 *    says otherwise. A handle that is handed out through an `out` pointer belongs to the caller, who releases it.
 *  - Functions that can fail return `suture_error *`; NULL means success, and then every `out` is set. After an error no
 *    `out` is set. No exception, panic or trap may cross.
 *  - Thread tags: [any-thread] may be called from any thread at any time; [call-thread] only on the thread, and during
 *    the call, that handed the object out; [load-thread] once, while the host loads the plugin.
 */
#ifndef SUTURE_ABI_H
#define SUTURE_ABI_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define SUTURE_NULLABLE _Nullable
#define SUTURE_NONNULL _Nonnull
#if !defined(__cplusplus) || __cplusplus >= 201103L
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif
#else
#define SUTURE_NULLABLE
#define SUTURE_NONNULL
#endif

#ifdef __cplusplus
#define SUTURE_EXTERN extern "C"
#else
#define SUTURE_EXTERN extern
#endif

/* Marks the one symbol that a plugin exports. */
#if defined(__GNUC__)
#define SUTURE_EXPORT __attribute__((visibility("default")))
#else
#define SUTURE_EXPORT
#endif

/* The version of this ABI. A plugin and a host work together when their majors are equal; the minor is advisory. */
#define SUTURE_ABI_MAJOR 1u
#define SUTURE_ABI_MINOR 1u

/* True when the struct behind `pointer` is long enough to hold `field`. */
#define SUTURE_HAS(pointer, type, field) \
    ((pointer)->struct_size >= offsetof(type, field) + sizeof((pointer)->field))

/* What went wrong, in the numbers of the common status codes. */
typedef int32_t suture_code;
#define SUTURE_OK 0
#define SUTURE_CANCELLED 1
#define SUTURE_UNKNOWN 2
#define SUTURE_INVALID_ARGUMENT 3
#define SUTURE_NOT_FOUND 5
#define SUTURE_ALREADY_EXISTS 6
#define SUTURE_RESOURCE_EXHAUSTED 8
#define SUTURE_FAILED_PRECONDITION 9
#define SUTURE_OUT_OF_RANGE 11
#define SUTURE_UNIMPLEMENTED 12
#define SUTURE_INTERNAL 13
#define SUTURE_UNAVAILABLE 14
#define SUTURE_DATA_LOSS 15

/* Made by the host alone (suture_host.error_new), so that no allocator crosses. Opaque. */
typedef struct suture_error suture_error;

/* Severities of suture_host.log. */
#define SUTURE_LOG_DEBUG 0
#define SUTURE_LOG_INFO 1
#define SUTURE_LOG_WARNING 2
#define SUTURE_LOG_ERROR 3

/* What the host offers to every plugin. Lives as long as the process. */
typedef struct suture_host {
    size_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    void *SUTURE_NULLABLE context; /* pass it back as the first argument of every function below */

    /* Makes an error. `message` says what was wrong and where; `hint`, the sentence that says what to do, may be NULL.
     * The caller owns the result; returning it hands it over. Never NULL. [any-thread] */
    suture_error *SUTURE_NONNULL (*SUTURE_NONNULL error_new)(void *SUTURE_NULLABLE context, suture_code code,
                                                              const char *SUTURE_NONNULL message,
                                                              const char *SUTURE_NULLABLE hint);
    /* Reading an error. Texts live as long as the error; the hint is "" where there is none. [any-thread] */
    suture_code (*SUTURE_NONNULL error_code)(void *SUTURE_NULLABLE context, const suture_error *SUTURE_NONNULL error);
    const char *SUTURE_NONNULL (*SUTURE_NONNULL error_message)(void *SUTURE_NULLABLE context,
                                                                const suture_error *SUTURE_NONNULL error);
    const char *SUTURE_NONNULL (*SUTURE_NONNULL error_hint)(void *SUTURE_NULLABLE context,
                                                             const suture_error *SUTURE_NONNULL error);
    /* Ends an error that the caller owns. [any-thread] */
    void (*SUTURE_NONNULL error_release)(void *SUTURE_NULLABLE context, suture_error *SUTURE_NONNULL error);

    /* Writes a line to the run's log. [any-thread] */
    void (*SUTURE_NONNULL log)(void *SUTURE_NULLABLE context, int32_t level, const char *SUTURE_NONNULL message);

    /* A further table by its id ("suture.tensor/1", "suture.model/1", "suture.session/1",
     * "suture.function/1"), or NULL where this host lacks
     * it. The table lives as long as the process. [any-thread] */
    const void *SUTURE_NULLABLE (*SUTURE_NONNULL get_extension)(void *SUTURE_NULLABLE context,
                                                                 const char *SUTURE_NONNULL id);
} suture_host;

#endif
