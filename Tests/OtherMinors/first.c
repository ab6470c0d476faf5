/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin as the first minor of ABI 2 had it: an evaluator that hands out how many cases it was given, times a setting.
 * The binary of this file stays as it was built then; see README.md.
 */
#include <math.h>

#include "suture/suture.h"

static const suture_parameter factor = {.struct_size = sizeof factor,
                                        .name = "factor",
                                        .type = SUTURE_TYPE_NUMBER,
                                        .default_json = "2",
                                        .minimum = -INFINITY,
                                        .maximum = INFINITY,
                                        .unit = "",
                                        .help = "What the count is multiplied by."};
static const suture_parameter *const parameters[] = {&factor};
static const suture_component component = {.struct_size = sizeof component,
                                           .id = "first-c",
                                           .kind = SUTURE_KIND_EVALUATOR,
                                           .convention = SUTURE_CONVENTION_BOXED,
                                           .version = "1.0.0",
                                           .summary = "Counts cases.",
                                           .parameter_count = 1,
                                           .parameters = parameters};

static suture_error *start(const suture_host *host)
{
    (void)host;
    return NULL;
}
static void stop(void) {}
static int64_t component_count(void)
{
    return 1;
}
static const suture_component *component_at(int64_t index)
{
    return index == 0 ? &component : NULL;
}
static suture_error *create(const char *id, int32_t kind, const suture_arguments *arguments, suture_instance **out)
{
    (void)id, (void)kind;
    static double value;
    value = arguments->items[0]->number;
    *out = (suture_instance *)&value;
    return NULL;
}
static void destroy(suture_instance *instance)
{
    (void)instance;
}

static suture_error *call(suture_instance *instance, suture_session *session, const suture_call *call,
                          const suture_sink *sink)
{
    (void)session;
    if (call->operation == SUTURE_OPERATION_SUMMARIZE)
        return NULL;
    suture_score score = {.struct_size = sizeof score,
                          .case_index = -1,
                          .name = call->cases->count > 0 ? call->cases->items[0]->subject : "none",
                          .value = (double)call->cases->count * *(double *)(void *)instance,
                          .weight = 1};
    return sink->score(sink->context, &score);
}

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                         .abi_major = SUTURE_ABI_MAJOR,
                                         .abi_minor = SUTURE_ABI_MINOR,
                                         .id = "minors.c",
                                         .version = "1.0.0",
                                         .start = start,
                                         .stop = stop,
                                         .component_count = component_count,
                                         .component_at = component_at,
                                         .create = create,
                                         .destroy = destroy,
                                         .call = call};
    return major == SUTURE_ABI_MAJOR ? &plugin : NULL;
}
