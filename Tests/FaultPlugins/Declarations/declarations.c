/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "suture/suture.h"

SUTURE_NATIVE_1(shrink, double, strength)
{
    (void)host;
    (void)session;
    (void)call;
    (void)sink;
    (void)strength;
    return NULL;
}

#define P(identifier, name, type, flags, json, low, high)                                                              \
    static const suture_parameter identifier = {                                                                       \
        sizeof(suture_parameter), name, type, flags, json, low, high, 0, NULL, "", "Help."};                           \
    static const suture_parameter *const identifier##_list[] = {&identifier}

P(bad_default, "strength", SUTURE_TYPE_NUMBER, 0, "\"strong\"", -INFINITY, INFINITY);
P(bad_type, "strength", 99, 0, "1", -INFINITY, INFINITY);
P(outside, "strength", SUTURE_TYPE_NUMBER, 0, "2", 0, 1);
P(integer, "steps", SUTURE_TYPE_INTEGER, 0, "1", -INFINITY, INFINITY);
P(no_default, "steps", SUTURE_TYPE_INTEGER, 0, NULL, -INFINITY, INFINITY);
P(list, "layers", SUTURE_TYPE_INTEGERS, 0, "[1]", -INFINITY, INFINITY);
P(sound, "strength", SUTURE_TYPE_NUMBER, 0, "1", 0, INFINITY);
static const char *const colours[] = {"red", "green"};
static const suture_parameter choice = {sizeof choice, "colour", SUTURE_TYPE_TEXT, 0,  "\"blue\"", -INFINITY,
                                        INFINITY,      2,        colours,          "", "Help."};
static const suture_parameter *const choice_list[] = {&choice};
static const suture_parameter *const twice_list[] = {&sound, &sound};
static const suture_parameter *const null_list[] = {NULL};

#define BOXED(id, count, list)                                                                                         \
    {sizeof(suture_component), id, SUTURE_KIND_PATCHER, SUTURE_CONVENTION_BOXED, "1", "", 0, count, list, NULL, NULL}
#define NATIVE(id, count, list, entry, signature)                                                                      \
    {sizeof(suture_component),                                                                                         \
     id,                                                                                                               \
     SUTURE_KIND_PATCHER,                                                                                              \
     SUTURE_CONVENTION_NATIVE,                                                                                         \
     "1",                                                                                                              \
     "",                                                                                                               \
     0,                                                                                                                \
     count,                                                                                                            \
     list,                                                                                                             \
     entry,                                                                                                            \
     signature}

static const suture_component components[] = {
    BOXED("bad_default", 1, bad_default_list),
    BOXED("bad_type", 1, bad_type_list),
    BOXED("outside", 1, outside_list),
    BOXED("no_default", 1, no_default_list),
    BOXED("choice", 1, choice_list),
    BOXED("twice", 2, twice_list),
    BOXED("null_parameter", 1, null_list),
    NATIVE("letters", 1, integer_list, (void (*)(void))shrink, shrink_signature),
    NATIVE("grammar", 0, NULL, (void (*)(void))shrink, "e(pppp"),
    NATIVE("no_entry", 1, sound_list, NULL, shrink_signature),
    NATIVE("native_list", 1, list_list, (void (*)(void))shrink, shrink_signature),
    {sizeof(suture_component), "odd", 77, SUTURE_CONVENTION_BOXED, "1", "", 0, 0, NULL, NULL, NULL},
    {sizeof(suture_component), "", SUTURE_KIND_PATCHER, SUTURE_CONVENTION_BOXED, "1", "", 0, 0, NULL, NULL, NULL},
    NATIVE("sound", 1, sound_list, (void (*)(void))shrink, shrink_signature),
    NATIVE("sound", 1, sound_list, (void (*)(void))shrink, shrink_signature),
};

static suture_error *start(const suture_host *host)
{
    (void)host;
    return NULL;
}
static void stop(void) {}
static int64_t component_count(void)
{
    return sizeof components / sizeof components[0];
}
static const suture_component *component_at(int64_t index)
{
    return index < component_count() ? &components[index] : NULL;
}

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                         .abi_major = SUTURE_ABI_MAJOR,
                                         .id = "fault.declarations",
                                         .version = "1.0.0",
                                         .start = start,
                                         .stop = stop,
                                         .component_count = component_count,
                                         .component_at = component_at};
    return major == SUTURE_ABI_MAJOR ? &plugin : NULL;
}
