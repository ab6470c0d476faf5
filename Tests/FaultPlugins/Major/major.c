/* SPDX-License-Identifier: Apache-2.0 */
#include "suture/suture.h"

/* All that another major has in common with this one. */
static const struct {
    size_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
} plugin = {sizeof plugin, SUTURE_ABI_MAJOR + 1, 4};

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t minor)
{
    (void)minor;
    return major == SUTURE_ABI_MAJOR + 1 ? (const suture_plugin *)&plugin : NULL;
}
