// SPDX-License-Identifier: Apache-2.0
#include "Guard.h"
#include "Signature.h"

using foreign::Refusal;

struct suture_foreign_closure {
    suture_foreign_signature signature;
    suture_foreign_handler handler;
    void *context;
    ffi_closure *closure = nullptr;
    void *function = nullptr;

    suture_foreign_closure(const char *text, suture_foreign_handler handler, void *context)
        : signature(text), handler(handler), context(context)
    {
        closure = static_cast<ffi_closure *>(ffi_closure_alloc(sizeof(ffi_closure), &function));
        if (!closure)
            throw Refusal{"this system gives no executable memory for a closure"};
        if (ffi_prep_closure_loc(closure, &signature.cif, run, this, function) != FFI_OK) {
            ffi_closure_free(closure);
            throw Refusal{std::string("libffi cannot make a closure of \"") + text + "\""};
        }
    }

    ~suture_foreign_closure() { ffi_closure_free(closure); }

private:
    /// libffi calls this function. It unpacks the arguments and lets the handler fill the result.
    static void run(ffi_cif *, void *returned, void **arguments, void *self)
    {
        const suture_foreign_closure &closure = *static_cast<suture_foreign_closure *>(self);
        const std::string &letters = closure.signature.arguments;
        std::vector<suture_foreign_value> values(letters.size());
        for (size_t i = 0; i < letters.size(); ++i) {
            values[i].letter = letters[i];
            switch (letters[i]) {
            case 'd': values[i].number = *static_cast<double *>(arguments[i]); break;
            case 'f': values[i].number = *static_cast<float *>(arguments[i]); break;
            case 'l': values[i].integer = *static_cast<int64_t *>(arguments[i]); break;
            case 'i': values[i].integer = *static_cast<int32_t *>(arguments[i]); break;
            case 'b': values[i].integer = *static_cast<uint8_t *>(arguments[i]); break;
            default: values[i].pointer = *static_cast<void **>(arguments[i]); break;
            }
        }
        suture_foreign_value result{};
        result.letter = closure.signature.result;
        closure.handler(closure.context, values.data(), static_cast<int64_t>(values.size()), &result);
        switch (result.letter) {
        case 'd': *static_cast<double *>(returned) = result.number; break;
        case 'f': *static_cast<float *>(returned) = static_cast<float>(result.number); break;
        case 'l': *static_cast<int64_t *>(returned) = result.integer; break;
        // Integers narrower than a register are returned in a whole one.
        case 'i': *static_cast<ffi_sarg *>(returned) = static_cast<int32_t>(result.integer); break;
        case 'b': *static_cast<ffi_arg *>(returned) = static_cast<uint8_t>(result.integer); break;
        case 'v': break;
        default: *static_cast<const void **>(returned) = result.pointer; break;
        }
    }
};

suture_foreign_failure *suture_foreign_closure_new(const char *signature, suture_foreign_handler handler, void *context,
                                                   suture_foreign_closure **out)
{
    return foreign::guarded([&] { *out = new suture_foreign_closure(signature, handler, context); });
}

const void *suture_foreign_closure_function(const suture_foreign_closure *closure)
{
    return closure->function;
}

void suture_foreign_closure_release(suture_foreign_closure *closure)
{
    delete closure;
}
