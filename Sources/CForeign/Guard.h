// SPDX-License-Identifier: Apache-2.0
#ifndef SUTURE_FOREIGN_GUARD_H
#define SUTURE_FOREIGN_GUARD_H

#include <exception>
#include <string>

#include "CForeign.h"

struct suture_foreign_failure {
    bool isException;
    std::string text;
};

namespace foreign {

/// A call that is refused before the callee runs.
struct Refusal {
    std::string text;
};

/// Handed out when memory is too short to describe anything else; never freed.
suture_foreign_failure *outOfMemory() noexcept;

suture_foreign_failure *makeFailure(bool isException, const char *text) noexcept;

/// The only guard. It runs a body and turns whatever it throws into a failure.
template <typename Body>
suture_foreign_failure *guarded(Body body) noexcept
{
    try {
        body();
        return nullptr;
    } catch (const Refusal &refusal) {
        return makeFailure(false, refusal.text.c_str());
    } catch (const std::exception &exception) {
        return makeFailure(true, exception.what());
    } catch (const char *text) {
        return makeFailure(true, text ? text : "a null text");
    } catch (const std::string &text) {
        return makeFailure(true, text.c_str());
    } catch (...) {
        return makeFailure(true, "an exception without a text");
    }
}

} // namespace foreign

#endif
