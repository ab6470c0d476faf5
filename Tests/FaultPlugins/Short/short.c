/* SPDX-License-Identifier: Apache-2.0
 *
 * Structs that end too early, right before a page that cannot be read: who reads beyond their size dies.
 */
#define _DEFAULT_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suture/suture.h"

/* The first `size` bytes of a struct, at the end of a readable page; `struct_size` says so. */
static const void *shortened(const void *whole, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    char *place = pages + page - size;
    memcpy(place, whole, size);
    memcpy(place, &size, sizeof size);
    mprotect(pages + page, page, PROT_NONE);
    return place;
}

#define UNTIL(type, field) offsetof(type, field)

/* Hands out values that are too short: a score of size 0, or a location that ends before its score. */
SUTURE_NATIVE_0(empty)
{
    (void)host;
    (void)session;
    (void)call;
    suture_score score = {0, -1, "size", 1, 1};
    return sink->score(sink->context, &score);
}

SUTURE_NATIVE_0(terse)
{
    (void)host;
    (void)session;
    (void)call;
    suture_location location = {sizeof location, 0, SUTURE_SITE_NEURONS, 1, -1, 0, 0, -1, 0.5};
    return sink->location(sink->context, shortened(&location, UNTIL(suture_location, score)));
}

static suture_error *start(const suture_host *host)
{
    (void)host;
    return NULL;
}
static void stop(void) {}
static int64_t component_count(void)
{
    return 4;
}

static const suture_component *component_at(int64_t index)
{
    static const suture_component *brief, *plain;
    static const suture_component hands_empty = {.struct_size = sizeof hands_empty,
                                                 .id = "empty",
                                                 .kind = SUTURE_KIND_EVALUATOR,
                                                 .convention = SUTURE_CONVENTION_NATIVE,
                                                 .version = "1.0.0",
                                                 .summary = "Hands out a score of size 0.",
                                                 .entry = (void (*)(void))empty,
                                                 .signature = empty_signature};
    static const suture_component hands_terse = {.struct_size = sizeof hands_terse,
                                                 .id = "terse",
                                                 .kind = SUTURE_KIND_LOCATOR,
                                                 .convention = SUTURE_CONVENTION_NATIVE,
                                                 .version = "1.0.0",
                                                 .summary = "Hands out a location that ends early.",
                                                 .entry = (void (*)(void))terse,
                                                 .signature = terse_signature};
    if (!brief) {
        /* Ends before range, choices, unit and help. */
        static const suture_parameter whole = {
            .struct_size = sizeof whole, .name = "depth", .type = SUTURE_TYPE_INTEGER, .default_json = "4"};
        static const suture_parameter *parameters[1];
        parameters[0] = shortened(&whole, UNTIL(suture_parameter, minimum));
        suture_component component = {.struct_size = sizeof component,
                                      .id = "brief",
                                      .kind = SUTURE_KIND_LOCATOR,
                                      .version = "1.0.0",
                                      .summary = "Has a parameter that ends early.",
                                      .parameter_count = 1,
                                      .parameters = parameters};
        brief = shortened(&component, sizeof component);
        /* Ends before its parameters. */
        component.id = "plain";
        plain = shortened(&component, UNTIL(suture_component, parameter_count));
    }
    switch (index) {
    case 0: return brief;
    case 1: return plain;
    case 2: return &hands_empty;
    case 3: return &hands_terse;
    default: return NULL;
    }
}

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                         .abi_major = SUTURE_ABI_MAJOR,
                                         .abi_minor = SUTURE_ABI_MINOR,
                                         .id = "fault.short",
                                         .version = "1.0.0",
                                         .start = start,
                                         .stop = stop,
                                         .component_count = component_count,
                                         .component_at = component_at};
    return major == SUTURE_ABI_MAJOR ? shortened(&plugin, sizeof plugin) : NULL;
}
