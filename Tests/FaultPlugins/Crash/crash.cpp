// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "suture/suture.h"

namespace {

const char *const names[] = {"null", "loop", "throw", "throw_odd", "exit", "abort", "throw_create"};
constexpr int64_t count = sizeof names / sizeof names[0];

const suture_host *host;

suture_component boxed(const char *id)
{
    suture_component component{};
    component.struct_size = sizeof component;
    component.id = id;
    component.kind = SUTURE_KIND_PATCHER;
    component.convention = SUTURE_CONVENTION_BOXED;
    component.version = "1.0.0";
    component.summary = "Misbehaves.";
    return component;
}

suture_error *throwNative(const suture_host *, suture_session *, const suture_call *, const suture_sink *)
{
    throw std::runtime_error("out of a native function");
}

const suture_component *componentAt(int64_t index)
{
    static const suture_component components[count] = {
        boxed(names[0]), boxed(names[1]), boxed(names[2]), boxed(names[3]),
        boxed(names[4]), boxed(names[5]), boxed(names[6]),
    };
    static const suture_component native = [] {
        suture_component component = boxed("throw_native");
        component.convention = SUTURE_CONVENTION_NATIVE;
        component.entry = reinterpret_cast<void (*)(void)>(throwNative);
        component.signature = "e(pppp)";
        return component;
    }();
    if (index == count)
        return &native;
    return index < count ? &components[index] : nullptr;
}

suture_error *create(const char *id, int32_t, const suture_arguments *, suture_instance **out)
{
    if (!std::strcmp(id, "throw_create"))
        throw std::runtime_error("cannot be made");
    for (const char *const &name : names)
        if (!std::strcmp(id, name)) {
            // An instance is the place of its name.
            *out = reinterpret_cast<suture_instance *>(const_cast<const char **>(&name));
            return nullptr;
        }
    return host->error_new(host->context, SUTURE_NOT_FOUND, "there is no such component", nullptr);
}

suture_error *call(suture_instance *instance, suture_session *, const suture_call *, const suture_sink *)
{
    const char *name = *reinterpret_cast<const char *const *>(instance);
    if (!std::strcmp(name, "null")) {
        volatile int *nowhere = nullptr;
        *nowhere = 1;
    } else if (!std::strcmp(name, "loop")) {
        for (volatile uint64_t i = 0;; i = i + 1) {
        }
    } else if (!std::strcmp(name, "throw")) {
        throw std::runtime_error("the matrix is singular");
    } else if (!std::strcmp(name, "throw_odd")) {
        throw 42;
    } else if (!std::strcmp(name, "exit")) {
        std::exit(7);
    } else if (!std::strcmp(name, "abort")) {
        std::abort();
    }
    return nullptr;
}

const suture_plugin plugin = {
    sizeof plugin,
    SUTURE_ABI_MAJOR,
    SUTURE_ABI_MINOR,
    "fault.crash",
    "1.0.0",
    [](const suture_host *given) -> suture_error * {
        host = given;
        return nullptr;
    },
    [] {},
    [] { return count + 1; },
    componentAt,
    create,
    [](suture_instance *) {},
    call,
    nullptr,
};

} // namespace

const suture_plugin *suture_plugin_entry(uint32_t major, uint32_t)
{
    return major == SUTURE_ABI_MAJOR ? &plugin : nullptr;
}
