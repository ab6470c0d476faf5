/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin whose version is empty.
 */
#include "suture/suture.h"

static suture_error *start(const suture_host *host)
{
    (void)host;
    return NULL;
}
static void stop(void) {}
static int64_t component_count(void)
{
    return 0;
}
static const suture_component *component_at(int64_t index)
{
    (void)index;
    return NULL;
}

static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                     .abi_major = SUTURE_ABI_MAJOR,
                                     .abi_minor = SUTURE_ABI_MINOR,
                                     .id = "fault.nameless",
                                     .version = "",
                                     .start = start,
                                     .stop = stop,
                                     .component_count = component_count,
                                     .component_at = component_at};

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    return major == SUTURE_ABI_MAJOR ? &plugin : NULL;
}
