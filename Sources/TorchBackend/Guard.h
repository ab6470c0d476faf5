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

#include "SutureFirstSizes.h"
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

/// A number that the table does not know, for example that of an operation which a later version appended.
Failure unknown(const char *kind, int32_t number);

/// The exception in flight as an error that begins with the operation's name. Only inside a catch clause.
suture_error *errorOfCurrentException(const char *operation) noexcept;

/// The failure of a struct that is shorter than its fields of minor 0.
Failure tooShort(const char *type, size_t size, size_t needed);

template <typename Struct>
const Struct &required(const Struct *pointer, const char *type, size_t firstSize)
{
    if (!pointer)
        throw Failure(SUTURE_INVALID_ARGUMENT, c10::str(type, " is NULL"), "give one");
    // A size beyond all memory is no size either.
    if (pointer->struct_size < firstSize || pointer->struct_size > PTRDIFF_MAX)
        throw tooShort(type, pointer->struct_size, firstSize);
    return *pointer;
}

/// A struct that the other side made, if it has its fields of minor 0. A later field is read after SUTURE_HAS.
#define REQUIRED(pointer, type) torch_backend::required(pointer, #type, SUTURE_FIRST_SIZE_##type)

/// Ends a function's try block.
#define GUARD(operation)                                                                                               \
    catch (...)                                                                                                        \
    {                                                                                                                  \
        return torch_backend::errorOfCurrentException(operation);                                                      \
    }

} // namespace torch_backend
