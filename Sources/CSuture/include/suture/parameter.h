/* SPDX-License-Identifier: Apache-2.0
 *
 * Suture plugin ABI: declared, typed parameters. The host reads the declarations, checks the experiment file
 * against them before anything runs, fills defaults, and hands over one argument per declaration, in declaration order.
 */
#ifndef SUTURE_PARAMETER_H
#define SUTURE_PARAMETER_H

#include "abi.h"

SUTURE_ASSUME_NONNULL_BEGIN

#define SUTURE_TYPE_INTEGER 1 /* int64 */
#define SUTURE_TYPE_NUMBER 2  /* double */
#define SUTURE_TYPE_BOOLEAN 3
#define SUTURE_TYPE_TEXT 4
#define SUTURE_TYPE_INTEGERS 5    /* list of int64 */
#define SUTURE_TYPE_NUMBERS 6     /* list of double */
#define SUTURE_TYPE_TEXTS 7       /* list of texts */
#define SUTURE_TYPE_TEXT_GROUPS 8 /* list of lists of texts; the file may also name a JSON file that holds one */
#define SUTURE_TYPE_PATH 9        /* a file; the host makes it absolute and checks that it can be read */
#define SUTURE_TYPE_COMPONENT 10  /* another component with its settings; used by suture_session_api.call */

#define SUTURE_PARAMETER_REQUIRED 1          /* flag: there is no default and the file must give a value */
#define SUTURE_PARAMETER_OPTIONAL 2          /* flag: may be null; the argument is then absent */
#define SUTURE_PARAMETER_EXCLUSIVE_MINIMUM 4 /* flag: the minimum itself is not allowed */
#define SUTURE_PARAMETER_EXCLUSIVE_MAXIMUM 8

typedef struct suture_parameter {
    size_t struct_size;
    const char *name;                         /* as in the experiment file */
    int32_t type;                             /* SUTURE_TYPE_… */
    int32_t flags;                            /* SUTURE_PARAMETER_… */
    const char *SUTURE_NULLABLE default_json; /* the default as JSON; NULL where there is none */
    double minimum;                           /* of the number or of each element; -infinity: none */
    double maximum;                           /* +infinity: none */
    int64_t choice_count;                     /* allowed texts; 0: any */
    const char *SUTURE_NONNULL const *SUTURE_NULLABLE choices;
    const char *unit; /* "" where it has none */
    const char *help; /* one line */
    uint64_t needs;   /* SUTURE_FIELD_… that every case must have where the value is not null, 0, false or empty */
    uint64_t needs_otherwise; /* SUTURE_FIELD_… that every case must have where the value is one of these */
    int32_t component_kind;   /* COMPONENT: SUTURE_KIND_… */
    int32_t reserved;
} suture_parameter;

/* A value for one parameter. Which field is set follows from `type`. */
typedef struct suture_argument {
    size_t struct_size;
    const char *name;
    int32_t type;
    int32_t is_present;               /* 0: null was given or is the default; no field is set */
    int64_t integer;                  /* INTEGER, BOOLEAN (0 or 1) */
    double number;                    /* NUMBER */
    const char *SUTURE_NULLABLE text; /* TEXT, PATH; COMPONENT: the slot to name in suture_session_api.call */
    int64_t count; /* elements of the list below; for TEXT_GROUPS the texts of all groups, one after the other */
    const int64_t *SUTURE_NULLABLE integers;
    const double *SUTURE_NULLABLE numbers;
    const char *SUTURE_NONNULL const *SUTURE_NULLABLE texts;
    int64_t group_count; /* TEXT_GROUPS */
    const int64_t *SUTURE_NULLABLE group_sizes;
} suture_argument;

typedef struct suture_arguments {
    size_t struct_size;
    int64_t count;
    const suture_argument *SUTURE_NONNULL const *SUTURE_NULLABLE items;
} suture_arguments;

SUTURE_ASSUME_NONNULL_END

#endif
