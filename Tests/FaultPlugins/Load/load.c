/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

__attribute__((constructor)) static void crash(void)
{
    volatile int *nowhere = NULL;
    *nowhere = 1;
}
