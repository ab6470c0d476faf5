/* SPDX-License-Identifier: Apache-2.0 */
#include "suture/suture.h"

SUTURE_NATIVE_0(echo)
{
    (void)host;
    (void)session;
    (void)call;
    (void)sink;
    return NULL;
}

static const suture_component component = {sizeof component,
                                           "echo",
                                           SUTURE_KIND_EVALUATOR,
                                           SUTURE_CONVENTION_NATIVE,
                                           "2.0.0",
                                           "Has a twin.",
                                           0,
                                           0,
                                           NULL,
                                           (void (*)(void))echo,
                                           echo_signature};

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

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                         .abi_major = SUTURE_ABI_MAJOR,
                                         .id = "fault.twin",
                                         .version = "1.0.0",
                                         .start = start,
                                         .stop = stop,
                                         .component_count = component_count,
                                         .component_at = component_at};
    return major == SUTURE_ABI_MAJOR ? &plugin : NULL;
}
