/* SPDX-License-Identifier: Apache-2.0
 *
 * Every struct goes on after the last field that this version knows.
 */
#include <math.h>

#include "suture/suture.h"

typedef struct {
    suture_parameter known;
    int64_t later[4];
} long_parameter;
typedef struct {
    suture_component known;
    int64_t later[4];
} long_component;
typedef struct {
    suture_plugin known;
    int64_t later[4];
} long_plugin;

static const long_parameter depth = {{sizeof(long_parameter), "depth", SUTURE_TYPE_INTEGER, 1 << 20, "4", 0, INFINITY,
                                      0, NULL, "layers", "From a newer version."},
                                     {-1, -1, -1, -1}};
static const suture_parameter *const parameters[] = {&depth.known};
static const long_component component = {{sizeof(long_component), "future", SUTURE_KIND_EVALUATOR,
                                          SUTURE_CONVENTION_BOXED, "9.0.0", "From a newer version.", UINT64_C(1) << 40,
                                          1, parameters, NULL, NULL},
                                         {-1, -1, -1, -1}};

static suture_error *start(const suture_host *given)
{
    (void)given;
    return NULL;
}
static void stop(void) {}
static int64_t component_count(void)
{
    return 1;
}
static const suture_component *component_at(int64_t index)
{
    return index == 0 ? &component.known : NULL;
}
static suture_error *create(const char *id, int32_t kind, const suture_arguments *arguments, suture_instance **out)
{
    (void)id;
    (void)kind;
    static int64_t value;
    value = arguments->items[0]->integer;
    *out = (suture_instance *)&value;
    return NULL;
}
static void destroy(suture_instance *instance)
{
    (void)instance;
}
static suture_error *call(suture_instance *instance, suture_session *session, const suture_call *request,
                          const suture_sink *sink)
{
    (void)session;
    if (request->operation == SUTURE_OPERATION_EVALUATE) {
        suture_score score = {sizeof score, -1, "depth", (double)*(int64_t *)(void *)instance, 1};
        return sink->score(sink->context, &score);
    }
    suture_metric metric = {sizeof metric, "count", (double)request->scores->count, "scores", 1, NAN, 0, 0, "exact"};
    return sink->metric(sink->context, &metric);
}

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    static const long_plugin plugin = {{sizeof plugin, SUTURE_ABI_MAJOR, 9, "fault.long", "9.0.0", start, stop,
                                        component_count, component_at, create, destroy, call, NULL},
                                       {-1, -1, -1, -1}};
    return major == SUTURE_ABI_MAJOR ? &plugin.known : NULL;
}
