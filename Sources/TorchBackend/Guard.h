// SPDX-License-Identifier: Apache-2.0
//
// The wall between C++ and the C table: no exception crosses it. A function of the table is written
//
//     suture_error *transpose(…)
//     try {
//         …
//         return nullptr;
//     }
//     GUARD("transpose")
//
// and refuses its arguments by throwing a Failure.
#pragma once

#include <c10/util/StringUtil.h>

#include <cstdint>
#include <exception>
#include <string>

#include "suture/suture.h"

namespace torch_backend {

/// An error of our own making, with everything that a suture_error needs.
class Failure : public std::exception {
public:
    Failure(suture_code code, std::string message, std::string hint = "");
    const char *what() const noexcept override { return message.c_str(); }

    suture_code code;
    std::string message;
    std::string hint;
};

/// A number that the table does not know, e.g. of an operation that a later version appended.
Failure unknown(const char *kind, int32_t number);

/// The exception in flight as an error that begins with the operation's name. Only inside a catch clause.
suture_error *errorOfCurrentException(const char *operation) noexcept;

/// Reads a field of a struct that the other side made, which may be shorter than ours.
#define FIELD(pointer, type, field, absent) (SUTURE_HAS(pointer, type, field) ? (pointer)->field : (absent))

/// Ends a function's try block.
#define GUARD(operation)                                                                                               \
    catch (...)                                                                                                        \
    {                                                                                                                  \
        return torch_backend::errorOfCurrentException(operation);                                                      \
    }

} // namespace torch_backend
