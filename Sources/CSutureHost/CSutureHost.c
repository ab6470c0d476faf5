/* SPDX-License-Identifier: Apache-2.0 */
#include "CSutureHost.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *suture_host_text(const char *text)
{
    size_t length = strlen(text);
    char note[96] = "";
    size_t kept = length;
    if (length > SUTURE_HOST_LONGEST_TEXT) {
        kept = SUTURE_HOST_LONGEST_TEXT;
        /* Not within a character. */
        while (kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80)
            kept--;
        snprintf(note, sizeof note, " … (cut here: the text has %zu bytes)", length);
    }
    size_t noteLength = strlen(note);
    char *copy = malloc(kept + noteLength + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, kept);
    memcpy(copy + kept, note, noteLength + 1);
    return copy;
}

struct suture_error {
    suture_code code;
    char *message;
    char *hint;
    /* The next one with the same place in the table of errors. */
    suture_error *next;
};

/* Handed out when memory is too short to describe anything else; never freed. */
static suture_error out_of_memory = {SUTURE_RESOURCE_EXHAUSTED, (char *)"there is no memory left to report an error",
                                     (char *)"free some memory and run again", NULL};

/* What stands for a pointer that is not an error. */
static const suture_error no_error = {SUTURE_INTERNAL, (char *)"what was returned is not an error of this host",
                                      (char *)"return NULL or what suture_host.error_new made, and each error once",
                                      NULL};

/* The errors that were made and not ended. A plugin may return any pointer for an error, so one is looked up here before it
 * is read. */
#define PLACES 256
static suture_error *errors[PLACES];
static pthread_mutex_t errors_lock = PTHREAD_MUTEX_INITIALIZER;

static suture_error **place(const suture_error *error)
{
    return &errors[((uintptr_t)error >> 4) % PLACES];
}

/* The link to an error that is alive, or NULL. The lock is held. */
static suture_error **link_to(const suture_error *error)
{
    for (suture_error **link = place(error); *link; link = &(*link)->next)
        if (*link == error)
            return link;
    return NULL;
}

int32_t suture_host_is_error(const suture_error *error)
{
    if (error == &out_of_memory)
        return 1;
    pthread_mutex_lock(&errors_lock);
    int32_t found = link_to(error) != NULL;
    pthread_mutex_unlock(&errors_lock);
    return found;
}

static const suture_error *known(const suture_error *error)
{
    return suture_host_is_error(error) ? error : &no_error;
}

suture_error *suture_host_error_new(void *context, suture_code code, const char *message, const char *hint)
{
    (void)context;
    suture_error *error = malloc(sizeof *error);
    char *message_copy = suture_host_text(message ? message : "an error without a message");
    char *hint_copy = suture_host_text(hint ? hint : "");
    if (!error || !message_copy || !hint_copy) {
        free(error);
        free(message_copy);
        free(hint_copy);
        return &out_of_memory;
    }
    pthread_mutex_lock(&errors_lock);
    suture_error **first = place(error);
    *error = (suture_error){code, message_copy, hint_copy, *first};
    *first = error;
    pthread_mutex_unlock(&errors_lock);
    return error;
}

suture_code suture_host_error_code(void *context, const suture_error *error)
{
    (void)context;
    return known(error)->code;
}

const char *suture_host_error_message(void *context, const suture_error *error)
{
    (void)context;
    return known(error)->message;
}

const char *suture_host_error_hint(void *context, const suture_error *error)
{
    (void)context;
    return known(error)->hint;
}

void suture_host_error_release(void *context, suture_error *error)
{
    (void)context;
    pthread_mutex_lock(&errors_lock);
    suture_error **link = link_to(error);
    if (link)
        *link = error->next;
    pthread_mutex_unlock(&errors_lock);
    if (!link)
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
