// SPDX-License-Identifier: Apache-2.0
#include "Guard.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "CSutureHost.h"

namespace torch_backend {

Failure::Failure(suture_code code, std::string message, std::string hint)
    : code(code), message(std::move(message)), hint(std::move(hint))
{
}

Failure unknown(const char *kind, int32_t number)
{
    return Failure(SUTURE_UNIMPLEMENTED, c10::str("this host does not know the ", kind, " ", number),
                   "use one of the codes of tensor.h, or a newer host");
}

Failure tooShort(const char *type, size_t size, size_t needed)
{
    return Failure(SUTURE_INVALID_ARGUMENT,
                   c10::str("struct_size of ", type, " is ", size, ", and its first fields take ", needed, " bytes"),
                   c10::str("set struct_size to sizeof(", type, ")"));
}

namespace {

bool contains(const std::string &text, const char *part)
{
    return text.find(part) != std::string::npos;
}

std::string firstLine(const char *text)
{
    std::string line(text);
    line.resize(std::min(line.size(), line.find('\n')));
    return line;
}

Failure outOfMemory(std::string message)
{
    return Failure(SUTURE_RESOURCE_EXHAUSTED, std::move(message),
                   "make the batch or the tensors smaller, or free some memory");
}

/// libtorch distinguishes its failures by class only in part; the rest is in the text.
Failure classify(const c10::Error &error)
{
    std::string message = firstLine(error.what_without_backtrace());
    if (dynamic_cast<const c10::OutOfMemoryError *>(&error) || contains(message, "can't allocate memory"))
        return outOfMemory(std::move(message));
    if (dynamic_cast<const c10::LinAlgError *>(&error))
        return Failure(SUTURE_INVALID_ARGUMENT, std::move(message),
                       "the matrix is singular or nearly so; add a small multiple of the identity");
    if (contains(message, "INTERNAL ASSERT FAILED"))
        return Failure(SUTURE_INTERNAL, std::move(message));
    if (contains(message, "backward through the graph a second time"))
        return Failure(SUTURE_FAILED_PRECONDITION, std::move(message), "keep the graph in the first call");
    if (contains(message, "modified by an inplace operation"))
        return Failure(SUTURE_FAILED_PRECONDITION, std::move(message),
                       "take the gradient before the tensor is assigned or stepped");
    if (dynamic_cast<const c10::NotImplementedError *>(&error))
        return Failure(SUTURE_INVALID_ARGUMENT, std::move(message),
                       "cast the operands to a dtype that has this operation");
    return Failure(SUTURE_INVALID_ARGUMENT, std::move(message), "check the shapes and dtypes of the operands");
}

Failure currentFailure()
{
    try {
        throw;
    } catch (const Failure &failure) {
        return failure;
    } catch (const c10::Error &error) {
        return classify(error);
    } catch (const std::bad_alloc &) {
        return outOfMemory("there is no memory left");
    } catch (const std::invalid_argument &error) {
        return Failure(SUTURE_INVALID_ARGUMENT, firstLine(error.what()));
    } catch (const std::exception &error) {
        return Failure(SUTURE_INTERNAL, firstLine(error.what()));
    } catch (...) {
        return Failure(SUTURE_INTERNAL, "something that is not an exception was thrown");
    }
}

} // namespace

suture_error *errorOfCurrentException(const char *operation) noexcept
{
    try {
        Failure failure = currentFailure();
        std::string message = c10::str(operation, ": ", failure.message);
        return suture_host_error_new(nullptr, failure.code, message.c_str(), failure.hint.c_str());
    } catch (...) {
        return suture_host_error_new(nullptr, SUTURE_RESOURCE_EXHAUSTED, "there is no memory left to report an error",
                                     nullptr);
    }
}

} // namespace torch_backend
