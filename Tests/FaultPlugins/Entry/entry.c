/* SPDX-License-Identifier: Apache-2.0 */

/* A library like any other. */
int suture_fault_answer(void)
{
    return 42;
}
