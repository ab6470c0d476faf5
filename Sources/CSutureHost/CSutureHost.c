/* SPDX-License-Identifier: Apache-2.0 */
/* strdup */
#define _POSIX_C_SOURCE 200809L

#include "CSutureHost.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct suture_error {
    suture_code code;
    char *message;
    char *hint;
};

/* Handed out when memory is too short to describe anything else; never freed. */
static suture_error out_of_memory = {SUTURE_RESOURCE_EXHAUSTED, (char *)"there is no memory left to report an error",
                                     (char *)"free some memory and run again"};

suture_error *suture_host_error_new(void *context, suture_code code, const char *message, const char *hint)
{
    (void)context;
    suture_error *error = malloc(sizeof *error);
    char *message_copy = strdup(message);
    char *hint_copy = strdup(hint ? hint : "");
    if (!error || !message_copy || !hint_copy) {
        free(error);
        free(message_copy);
        free(hint_copy);
        return &out_of_memory;
    }
    *error = (suture_error){code, message_copy, hint_copy};
    return error;
}

suture_code suture_host_error_code(void *context, const suture_error *error)
{
    (void)context;
    return error->code;
}

const char *suture_host_error_message(void *context, const suture_error *error)
{
    (void)context;
    return error->message;
}

const char *suture_host_error_hint(void *context, const suture_error *error)
{
    (void)context;
    return error->hint;
}

void suture_host_error_release(void *context, suture_error *error)
{
    (void)context;
    if (error == &out_of_memory)
        return;
    free(error->message);
    free(error->hint);
    free(error);
}

static atomic_uint_fast64_t activity;

void suture_host_note_activity(void)
{
    atomic_fetch_add_explicit(&activity, 1, memory_order_relaxed);
}

uint64_t suture_host_activity(void)
{
    return atomic_load_explicit(&activity, memory_order_relaxed);
}
