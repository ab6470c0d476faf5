/* SPDX-License-Identifier: Apache-2.0 */
/* renameat2 */
#define _GNU_SOURCE

#include "CSutureHost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int32_t suture_host_exchange_paths(const char *one, const char *other)
{
    return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0 ? 0 : errno;
}
