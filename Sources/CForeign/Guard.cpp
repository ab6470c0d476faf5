// SPDX-License-Identifier: Apache-2.0
#include "Guard.h"

#include <new>

using foreign::guarded;

suture_foreign_failure *foreign::outOfMemory() noexcept
{
    // Short enough to need no memory of its own.
    static suture_foreign_failure failure{false, "out of memory"};
    return &failure;
}

suture_foreign_failure *foreign::makeFailure(bool isException, const char *text) noexcept
{
    try {
        return new suture_foreign_failure{isException, text};
    } catch (...) {
        return outOfMemory();
    }
}

int32_t suture_foreign_failure_is_exception(const suture_foreign_failure *failure)
{
    return failure->isException ? 1 : 0;
}

const char *suture_foreign_failure_text(const suture_foreign_failure *failure)
{
    return failure->text.c_str();
}

void suture_foreign_failure_release(suture_foreign_failure *failure)
{
    if (failure != foreign::outOfMemory())
        delete failure;
}

suture_foreign_failure *suture_guarded_entry(suture_plugin_entry_function entry, uint32_t host_major,
                                             uint32_t host_minor, const suture_plugin **out)
{
    return guarded([&] { *out = entry(host_major, host_minor); });
}

suture_foreign_failure *suture_guarded_start(const suture_plugin *plugin, const suture_host *host, suture_error **out)
{
    return guarded([&] { *out = plugin->start(host); });
}

suture_foreign_failure *suture_guarded_component_count(const suture_plugin *plugin, int64_t *out)
{
    return guarded([&] { *out = plugin->component_count(); });
}

suture_foreign_failure *suture_guarded_component_at(const suture_plugin *plugin, int64_t index,
                                                    const suture_component **out)
{
    return guarded([&] { *out = plugin->component_at(index); });
}

suture_foreign_failure *suture_guarded_create(const suture_plugin *plugin, const char *component_id, int32_t kind,
                                              const suture_arguments *arguments, suture_instance **instance,
                                              suture_error **out)
{
    return guarded([&] { *out = plugin->create(component_id, kind, arguments, instance); });
}

suture_foreign_failure *suture_guarded_destroy(const suture_plugin *plugin, suture_instance *instance)
{
    return guarded([&] { plugin->destroy(instance); });
}

suture_foreign_failure *suture_guarded_call(const suture_plugin *plugin, suture_instance *instance,
                                            suture_session *session, const suture_call *call, const suture_sink *sink,
                                            suture_error **out)
{
    return guarded([&] { *out = plugin->call(instance, session, call, sink); });
}
