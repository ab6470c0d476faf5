/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: native components. They are ordinary functions whose arguments the host puts in place by libffi.
 *
 *     SUTURE_NATIVE_2(shrink, double, strength, int64_t, steps)
 *     {
 *         … host, session, call, sink, strength and steps are the function's arguments …
 *         return NULL;
 *     }
 *
 * declares the function, writes its signature down as `shrink_signature`, and begins its definition. Since one macro does
 * both, the signature cannot differ from the code. Argument types are double, int64_t, int32_t (a boolean) and suture_text.
 * The component's parameters are declared in the same order. The host compares both before the first call.
 */
#ifndef SUTURE_NATIVE_H
#define SUTURE_NATIVE_H

#include "plugin.h"

/* A text argument. */
typedef const char *suture_text;

/* One letter per type: the alphabet of signatures. 'p' pointer, 'd' double, 'l' int64, 'i' int32, 's' text, 'e' error. */
#define SUTURE_LETTER_double "d"
#define SUTURE_LETTER_int64_t "l"
#define SUTURE_LETTER_int32_t "i"
#define SUTURE_LETTER_suture_text "s"

#define SUTURE_NATIVE_FIXED                                                                                            \
    const suture_host *host, suture_session *session, const suture_call *call, const suture_sink *sink

#define SUTURE_NATIVE_0(name)                                                                                          \
    static const char name##_signature[] = "e(pppp)";                                                                  \
    static suture_error *name(SUTURE_NATIVE_FIXED)
#define SUTURE_NATIVE_1(name, T1, a1)                                                                                  \
    static const char name##_signature[] = "e(pppp" SUTURE_LETTER_##T1 ")";                                            \
    static suture_error *name(SUTURE_NATIVE_FIXED, T1 a1)
#define SUTURE_NATIVE_2(name, T1, a1, T2, a2)                                                                          \
    static const char name##_signature[] = "e(pppp" SUTURE_LETTER_##T1 SUTURE_LETTER_##T2 ")";                         \
    static suture_error *name(SUTURE_NATIVE_FIXED, T1 a1, T2 a2)
#define SUTURE_NATIVE_3(name, T1, a1, T2, a2, T3, a3)                                                                  \
    static const char name##_signature[] = "e(pppp" SUTURE_LETTER_##T1 SUTURE_LETTER_##T2 SUTURE_LETTER_##T3 ")";      \
    static suture_error *name(SUTURE_NATIVE_FIXED, T1 a1, T2 a2, T3 a3)
#define SUTURE_NATIVE_4(name, T1, a1, T2, a2, T3, a3, T4, a4)                                                          \
    static const char name##_signature[] =                                                                             \
        "e(pppp" SUTURE_LETTER_##T1 SUTURE_LETTER_##T2 SUTURE_LETTER_##T3 SUTURE_LETTER_##T4 ")";                      \
    static suture_error *name(SUTURE_NATIVE_FIXED, T1 a1, T2 a2, T3 a3, T4 a4)

#endif
