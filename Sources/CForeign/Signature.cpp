// SPDX-License-Identifier: Apache-2.0
#include "Signature.h"

#include <cstring>

#include "Guard.h"

using foreign::Refusal;

namespace {

struct Letter {
    char letter;
    const char *word;
    ffi_type *type;
    bool isResultOnly;
};

const Letter alphabet[] = {
    {'d', "f64", &ffi_type_double, false},  {'f', "f32", &ffi_type_float, false},
    {'l', "i64", &ffi_type_sint64, false},  {'i', "i32", &ffi_type_sint32, false},
    {'b', "u8", &ffi_type_uint8, false},    {'s', "str", &ffi_type_pointer, false},
    {'p', "ptr", &ffi_type_pointer, false}, {'e', "error", &ffi_type_pointer, true},
    {'v', "void", &ffi_type_void, true},
};

const Letter *find(char letter)
{
    for (const Letter &entry : alphabet)
        if (entry.letter == letter)
            return &entry;
    return nullptr;
}

const Letter *find(const std::string &word)
{
    for (const Letter &entry : alphabet)
        if (word == entry.word)
            return &entry;
    return nullptr;
}

/// Reads the grammar: type "(" [ type { [","] type } ] ")", with blanks anywhere.
class Reader {
public:
    explicit Reader(const char *text) : text(text), next(text) {}

    void read(suture_foreign_signature &signature)
    {
        std::vector<const Letter *> result = types();
        if (result.size() != 1)
            fail("it must begin with the one type of the result, as in \"f64(str, str)\" or \"d(ss)\"");
        signature.result = result[0]->letter;
        expect('(');
        for (blanks(); *next != ')'; blanks()) {
            if (!signature.arguments.empty() && *next == ',')
                ++next;
            std::vector<const Letter *> arguments = types();
            if (arguments.empty())
                fail("it must end in \")\"");
            for (const Letter *argument : arguments) {
                if (argument->isResultOnly)
                    fail(std::string("\"") + argument->word + "\" can be a result and not an argument");
                signature.arguments += argument->letter;
                signature.types.push_back(argument->type);
            }
        }
        ++next;
        blanks();
        if (*next)
            fail(std::string("nothing may follow its \")\""));
    }

private:
    const char *text;
    const char *next;

    [[noreturn]] void fail(const std::string &why) const
    {
        throw Refusal{std::string("the signature \"") + text + "\" cannot be read: " + why};
    }

    void blanks() { next += std::strspn(next, " \t"); }

    void expect(char wanted)
    {
        blanks();
        if (*next != wanted)
            fail(std::string("\"") + wanted + "\" is missing after the result");
        ++next;
    }

    /// One word, or a run of letters.
    std::vector<const Letter *> types()
    {
        blanks();
        size_t length = std::strspn(next, "abcdefghijklmnopqrstuvwxyz0123456789");
        std::string token(next, length);
        next += length;
        if (const Letter *entry = find(token))
            return {entry};
        std::vector<const Letter *> found;
        for (char letter : token) {
            const Letter *entry = find(letter);
            if (!entry)
                fail("\"" + token +
                     "\" is not a type; types are f64 f32 i64 i32 u8 str ptr error void, or d f l i b s p e v");
            found.push_back(entry);
        }
        return found;
    }
};

} // namespace

suture_foreign_signature::suture_foreign_signature(const char *text)
{
    Reader(text).read(*this);
    ffi_status status =
        ffi_prep_cif(&cif, FFI_DEFAULT_ABI, static_cast<unsigned>(types.size()), find(result)->type, types.data());
    if (status != FFI_OK)
        throw Refusal{std::string("libffi refuses the signature \"") + text + "\" (status " + std::to_string(status) +
                      ")"};
}

std::string foreign::place(int64_t index, int64_t count)
{
    return "argument " + std::to_string(index + 1) + " of " + std::to_string(count);
}

suture_foreign_failure *suture_foreign_signature_new(const char *text, suture_foreign_signature **out)
{
    return foreign::guarded([&] { *out = new suture_foreign_signature(text); });
}

void suture_foreign_signature_release(suture_foreign_signature *signature)
{
    delete signature;
}

char suture_foreign_signature_result(const suture_foreign_signature *signature)
{
    return signature->result;
}

const char *suture_foreign_signature_arguments(const suture_foreign_signature *signature)
{
    return signature->arguments.c_str();
}

const char *suture_foreign_word(char letter)
{
    const Letter *entry = find(letter);
    return entry ? entry->word : nullptr;
}
