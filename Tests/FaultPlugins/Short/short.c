/* SPDX-License-Identifier: Apache-2.0
 *
 * Every struct ends early, and right before a page that cannot be read: who copies one whole dies.
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

static suture_error *locate(suture_instance *instance, suture_session *session, const suture_cases *cases)
{
    (void)instance;
    (void)session;
    (void)cases;
    return NULL;
}

static suture_error *start(const suture_host *host)
{
    (void)host;
    return NULL;
}
static void stop(void) {}
static int64_t component_count(void)
{
    return 2;
}

static const suture_component *component_at(int64_t index)
{
    static const suture_component *brief, *plain;
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
                                      .summary = "Ends early.",
                                      .parameter_count = 1,
                                      .parameters = parameters};
        brief = shortened(&component, UNTIL(suture_component, entry));
        /* Ends before its parameters. */
        component.id = "plain";
        plain = shortened(&component, UNTIL(suture_component, parameter_count));
    }
    return index == 0 ? brief : index == 1 ? plain : NULL;
}

static suture_error *create(const char *id, int32_t kind, const suture_arguments *arguments, suture_instance **out)
{
    (void)id;
    (void)kind;
    (void)arguments;
    static int instance;
    *out = (suture_instance *)&instance;
    return NULL;
}
static void destroy(suture_instance *instance)
{
    (void)instance;
}
static const void *get_extension(const char *id)
{
    static const suture_locator locator = {sizeof locator, locate};
    return strcmp(id, SUTURE_LOCATOR_ID) ? NULL : shortened(&locator, sizeof locator);
}

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    static const suture_plugin plugin = {
        sizeof plugin,   SUTURE_ABI_MAJOR, 0,      "fault.short", "1.0.0",      start, stop,
        component_count, component_at,     create, destroy,       get_extension};
    return major == SUTURE_ABI_MAJOR ? shortened(&plugin, sizeof plugin) : NULL;
}
