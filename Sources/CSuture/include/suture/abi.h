/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: versions, codes, errors, and the rules that every other header follows.
 *
 * Rules
 *  - Every struct begins with `struct_size`, which its maker sets to sizeof. Fields are appended, never reordered, resized
 *    or reused, and an appended field is marked SUTURE_SINCE(minor). A struct that is shorter than its fields of minor 0 is
 *    refused. A later field is read only after SUTURE_HAS(pointer, type, field); where it is missing, it is 0 or NULL. A
 *    struct that the other side made is never copied whole.
 *  - Pointers are not NULL unless they are marked SUTURE_NULLABLE.
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
#define SUTURE_ASSUME_NONNULL_BEGIN _Pragma("clang assume_nonnull begin")
#define SUTURE_ASSUME_NONNULL_END _Pragma("clang assume_nonnull end")
#if !defined(__cplusplus) || __cplusplus >= 201103L
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif
/* Function pointers carry no mark: a comment says where one may be NULL. */
#pragma clang diagnostic ignored "-Wnullability-completeness"
#else
#define SUTURE_NULLABLE
#define SUTURE_NONNULL
#define SUTURE_ASSUME_NONNULL_BEGIN
#define SUTURE_ASSUME_NONNULL_END
#endif

/* A parameter that receives a handle: it points to where the handle is written. The handle belongs to the caller. */
#define SUTURE_OUT(type) type *SUTURE_NULLABLE *SUTURE_NONNULL

/* Marks a field or a function that was appended in this minor. Read by Scripts/abi.py. */
#define SUTURE_SINCE(minor)

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

/* The version of this ABI. A plugin and a host work together when their majors are equal. The minor says which appended
 * fields and functions there may be; it never keeps a plugin from loading. */
#define SUTURE_ABI_MAJOR 2u
#define SUTURE_ABI_MINOR 4u

/* True when the struct at `pointer` is long enough to hold `field`. */
#define SUTURE_HAS(pointer, type, field) ((pointer)->struct_size >= offsetof(type, field) + sizeof((pointer)->field))

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

/* Only the host makes one (suture_host.error_new), so that no allocator crosses. Opaque. */
typedef struct suture_error suture_error;

/* What a function that can fail returns: NULL is success; an error belongs to the caller. */
typedef suture_error *SUTURE_NULLABLE suture_result;

/* Severities of suture_host.log. */
#define SUTURE_LOG_DEBUG 0
#define SUTURE_LOG_INFO 1
#define SUTURE_LOG_WARNING 2
#define SUTURE_LOG_ERROR 3

SUTURE_ASSUME_NONNULL_BEGIN

/* What the host offers to every plugin. Lives as long as the process. */
typedef struct suture_host {
    size_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    void *SUTURE_NULLABLE context; /* pass it back as the first argument of every function below */

    /* Makes an error. `message` says what was wrong and where; `hint`, the sentence that says what to do, may be NULL.
     * The caller owns the result; returning it hands it over. Never NULL. [any-thread] */
    suture_error *SUTURE_NONNULL (*error_new)(void *SUTURE_NULLABLE context, suture_code code, const char *message,
                                              const char *SUTURE_NULLABLE hint);
    /* Reading an error. Texts live as long as the error; the hint is "" where there is none. [any-thread] */
    suture_code (*error_code)(void *SUTURE_NULLABLE context, const suture_error *error);
    const char *SUTURE_NONNULL (*error_message)(void *SUTURE_NULLABLE context, const suture_error *error);
    const char *SUTURE_NONNULL (*error_hint)(void *SUTURE_NULLABLE context, const suture_error *error);
    /* Ends an error that the caller owns. [any-thread] */
    void (*error_release)(void *SUTURE_NULLABLE context, suture_error *error);

    /* Writes a line to the run's log. [any-thread] */
    void (*log)(void *SUTURE_NULLABLE context, int32_t level, const char *message);

    /* A further table by its id ("suture.tensor/1", "suture.model/1", "suture.session/1", "suture.function/1"), or NULL
     * where this host lacks it. The table lives as long as the process. [any-thread] */
    const void *SUTURE_NULLABLE (*get_extension)(void *SUTURE_NULLABLE context, const char *id);
} suture_host;

SUTURE_ASSUME_NONNULL_END

#endif
