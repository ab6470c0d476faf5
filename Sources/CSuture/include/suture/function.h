/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: functions of any library, bound at run time by a text and called through libffi. The library
 * need not know Suture.
 */
#ifndef SUTURE_FUNCTION_H
#define SUTURE_FUNCTION_H

#include "abi.h"
#include "parameter.h"

SUTURE_ASSUME_NONNULL_BEGIN

/* A bound function. Made by the host, opaque, immutable; its library stays loaded. */
typedef struct suture_function suture_function;

/* An argument or a result. `type` is SUTURE_TYPE_INTEGER, _NUMBER or _TEXT; 0 for the result of a function without one. */
typedef struct suture_scalar {
    size_t struct_size;
    int32_t type;
    int32_t reserved;
    int64_t integer;
    double number;
    const char *SUTURE_NULLABLE text;
} suture_scalar;

/* Receives a result; a text is valid during the call. */
typedef void (*suture_scalar_receiver)(void *SUTURE_NULLABLE context, const suture_scalar *result);

#define SUTURE_FUNCTION_ID "suture.function/1"
typedef struct suture_function_api {
    size_t struct_size;
    /* Binds a function. `signature` is like "f64(str, i64)": f64, f32, i64, i32, u8, str, and void as a result. That it
     * fits the code cannot be checked: a wrong one is undefined behaviour. [any-thread] */
    suture_result (*bind)(const char *library, const char *symbol, const char *signature,
                          SUTURE_OUT(suture_function) out);
    void (*release)(suture_function *function);
    /* Calls it; number and types of the arguments are compared with the signature first. [any-thread] */
    suture_result (*call)(const suture_function *function,
                          const suture_scalar *SUTURE_NONNULL const *SUTURE_NULLABLE arguments, int64_t count,
                          void *SUTURE_NULLABLE context, suture_scalar_receiver receive);
} suture_function_api;

SUTURE_ASSUME_NONNULL_END

#endif
