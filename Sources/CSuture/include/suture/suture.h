/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole Suture plugin ABI. Read in this order: abi.h, kinds.h, values.h, parameter.h, plugin.h, session.h,
 * model.h, tensor.h, function.h; native.h for components that are ordinary C or C++ functions.
 */
#ifndef SUTURE_H
#define SUTURE_H

#include "abi.h"
#include "function.h"
#include "kinds.h"
#include "model.h"
#include "native.h"
#include "parameter.h"
#include "plugin.h"
#include "session.h"
#include "tensor.h"
#include "values.h"

#endif
