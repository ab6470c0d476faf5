// SPDX-License-Identifier: Apache-2.0
#ifndef SUTURE_FOREIGN_SIGNATURE_H
#define SUTURE_FOREIGN_SIGNATURE_H

#include <ffi.h>

#include <string>
#include <vector>

#include "CForeign.h"

struct suture_foreign_signature {
    char result = 'v';
    std::string arguments;
    std::vector<ffi_type *> types;
    ffi_cif cif{};

    /// Throws foreign::Refusal.
    explicit suture_foreign_signature(const char *text);
    // The prepared call points into `types`.
    suture_foreign_signature(const suture_foreign_signature &) = delete;
    suture_foreign_signature &operator=(const suture_foreign_signature &) = delete;
};

namespace foreign {

/// Room for one value as libffi passes it. Integers narrower than a register are returned in a whole register.
union Slot {
    double number;
    float single;
    int64_t integer;
    int32_t narrow;
    uint8_t byte;
    const void *pointer;
    ffi_arg unsignedResult;
    ffi_sarg signedResult;
};

/// "argument 3 of 5", for sentences.
std::string place(int64_t index, int64_t count);

} // namespace foreign

#endif
