/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

__attribute__((constructor)) static void hang(void)
{
    for (volatile uint64_t i = 0;; i = i + 1) {
    }
}
