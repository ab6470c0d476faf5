// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "Guard.h"
#include "Signature.h"

using foreign::Refusal;
using foreign::Slot;

namespace {

std::string word(int32_t letter)
{
    const char *found = suture_foreign_word(static_cast<char>(letter));
    return found ? found : "an unknown type";
}

template <typename Integer>
Integer checked(int64_t value, int64_t index, int64_t count)
{
    if (value < std::numeric_limits<Integer>::min() || value > std::numeric_limits<Integer>::max())
        throw Refusal{foreign::place(index, count) + " is " + std::to_string(value) + ", beyond the range of its type"};
    return static_cast<Integer>(value);
}

Slot slot(const suture_foreign_value &value, int64_t index, int64_t count)
{
    Slot slot{};
    switch (value.letter) {
    case 'd': slot.number = value.number; break;
    case 'f': slot.single = static_cast<float>(value.number); break;
    case 'l': slot.integer = value.integer; break;
    case 'i': slot.narrow = checked<int32_t>(value.integer, index, count); break;
    case 'b': slot.byte = checked<uint8_t>(value.integer, index, count); break;
    default: slot.pointer = value.pointer; break;
    }
    return slot;
}

void store(const Slot &slot, suture_foreign_value &value)
{
    switch (value.letter) {
    case 'd': value.number = slot.number; break;
    case 'f': value.number = slot.single; break;
    case 'l': value.integer = slot.integer; break;
    case 'i': value.integer = static_cast<int32_t>(slot.signedResult); break;
    case 'b': value.integer = static_cast<uint8_t>(slot.unsignedResult); break;
    case 'v': break;
    default: value.pointer = slot.pointer; break;
    }
}

} // namespace

suture_foreign_failure *suture_foreign_call(const suture_foreign_signature *signature, void (*function)(void),
                                            const suture_foreign_value *arguments, int64_t count,
                                            suture_foreign_value *result)
{
    return foreign::guarded([&] {
        const std::string &letters = signature->arguments;
        int64_t wanted = static_cast<int64_t>(letters.size());
        if (count != wanted)
            throw Refusal{"it takes " + std::to_string(wanted) + (wanted == 1 ? " argument, " : " arguments, ") +
                          std::to_string(count) + (count == 1 ? " was given" : " were given")};
        std::vector<Slot> slots(letters.size());
        std::vector<void *> pointers(letters.size());
        for (size_t i = 0; i < letters.size(); ++i) {
            int64_t index = static_cast<int64_t>(i);
            if (arguments[i].letter != letters[i])
                throw Refusal{foreign::place(index, wanted) + " must be " + word(letters[i]) + " and is " +
                              word(arguments[i].letter)};
            slots[i] = slot(arguments[i], index, wanted);
            pointers[i] = &slots[i];
        }
        Slot returned{};
        // libffi does not write to the prepared call; its parameter lacks the const.
        ffi_call(const_cast<ffi_cif *>(&signature->cif), function, &returned, pointers.data());
        *result = suture_foreign_value{};
        result->letter = signature->result;
        store(returned, *result);
    });
}
