/* SPDX-License-Identifier: Apache-2.0 */
/* sigaction, real-time signals */
#define _POSIX_C_SOURCE 200809L

#include "CSutureHost.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A range of addresses. Ranges are never freed, so that the handler of a signal can go through them at any time. */
struct range {
    _Atomic(uintptr_t) start;
    _Atomic(uintptr_t) end; /* 0: the range is not in use */
    char *path;             /* of the file that is mapped there, fit for a terminal; NULL for other memory */
    struct range *next;
    struct range *next_free;
};

static _Atomic(struct range *) ranges;
static struct range *free_ranges;
static pthread_mutex_t ranges_lock = PTHREAD_MUTEX_INITIALIZER;

/* A copy without characters that would steer a terminal. */
static char *shown(const char *path)
{
    char *copy = path ? strdup(path) : NULL;
    for (unsigned char *byte = (unsigned char *)copy; byte && *byte; byte++)
        if (*byte < 0x20 || *byte == 0x7F || (*byte == 0xC2 && byte[1] < 0xA0))
            *byte = '?';
    return copy;
}

void *suture_host_watch(const void *start, size_t size, const char *path)
{
    pthread_mutex_lock(&ranges_lock);
    struct range *range = free_ranges;
    if (range) {
        free_ranges = range->next_free;
    } else if ((range = calloc(1, sizeof *range))) {
        range->next = atomic_load(&ranges);
        atomic_store(&ranges, range);
    }
    if (range) {
        range->path = shown(path);
        atomic_store(&range->start, (uintptr_t)start);
        atomic_store(&range->end, (uintptr_t)start + size);
    }
    pthread_mutex_unlock(&ranges_lock);
    return range;
}

void suture_host_unwatch(void *watch)
{
    struct range *range = watch;
    if (!range)
        return;
    pthread_mutex_lock(&ranges_lock);
    atomic_store(&range->end, 0);
    free(range->path);
    range->path = NULL;
    range->next_free = free_ranges;
    free_ranges = range;
    pthread_mutex_unlock(&ranges_lock);
}

static struct range *watched(uintptr_t address)
{
    for (struct range *range = atomic_load(&ranges); range; range = range->next)
        if (atomic_load(&range->start) <= address && address < atomic_load(&range->end))
            return range;
    return NULL;
}

int32_t suture_host_write_signal(void)
{
    return SIGRTMIN + 5;
}

/* Only functions that are allowed in handlers. */
static void on_fault(int number, siginfo_t *information, void *context)
{
    (void)context;
    /* The fault happens again when this returns, and ends the process. */
    signal(number, SIG_DFL);
    if (!watched((uintptr_t)information->si_addr))
        return;
    signal(suture_host_write_signal(), SIG_DFL);
    raise(suture_host_write_signal());
}

void suture_host_report_writes(void)
{
    struct sigaction action = {0};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
}

static volatile int cut_file_code;

static void say(const char *text)
{
    /* Where nobody reads it, nothing can be done. */
    ssize_t count = write(STDERR_FILENO, text, strlen(text));
    (void)count;
}

/* Only functions that are allowed in handlers. */
static void on_cut_file(int number, siginfo_t *information, void *context)
{
    (void)context;
    signal(number, SIG_DFL);
    struct range *range = watched((uintptr_t)information->si_addr);
    if (!range || !range->path)
        return;
    say("suture: '");
    say(range->path);
    say("' was cut short while it was read; see what writes to it, and copy the file again\n");
    _exit(cut_file_code);
}

void suture_host_report_cut_files(int32_t exit_code)
{
    cut_file_code = exit_code;
    struct sigaction action = {0};
    action.sa_sigaction = on_cut_file;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
