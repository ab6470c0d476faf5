/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUTURE_PLUGIN_NATIVE_H
#define SUTURE_PLUGIN_NATIVE_H

/* Declares suture_plugin_entry, the one symbol of this library. */
#include <suture/suture.h>

#endif
