/* SPDX-License-Identifier: Apache-2.0
 *
 * A patcher in C: makes the selected MLPs write less. A baseline: how much is lost when nothing is aimed at?
 */
#include <suture/suture.h>

#include <math.h>

/* The delta of one layer: -strength times the whole down projection. */
static suture_error *damp_layer(const suture_host *host, suture_model *model, const suture_sink *sink, int32_t layer,
                                double strength)
{
    const suture_model_api *models = host->get_extension(host->context, SUTURE_MODEL_ID);
    const suture_tensor_api *tensors = host->get_extension(host->context, SUTURE_TENSOR_ID);
    suture_tensor *weight = NULL, *change = NULL;
    char name[256];
    int64_t needed = 0;

    if (!models || !tensors)
        return host->error_new(host->context, SUTURE_FAILED_PRECONDITION, "damp: the host lacks a table it needs",
                               "use a newer host");
    suture_error *error = models->weight_name(model, SUTURE_SITE_NEURONS, layer, name, sizeof name, &needed);
    if (!error && needed > (int64_t)sizeof name)
        error = host->error_new(host->context, SUTURE_OUT_OF_RANGE, "damp: a weight's name is too long", NULL);
    if (!error)
        error = models->parameter(model, name, &weight);
    if (!error)
        error = tensors->binary_number(SUTURE_MULTIPLY, weight, -strength, 0, &change);
    if (!error) {
        suture_delta delta = {
            .struct_size = sizeof delta, .parameter = name, .form = SUTURE_DELTA_DENSE, .values = change};
        error = sink->delta(sink->context, &delta); /* retains what it keeps */
    }
    if (change)
        tensors->release(change);
    if (weight)
        tensors->release(weight);
    return error;
}

/* The function that the host calls, and its signature, written once. */
SUTURE_NATIVE_1(damp, double, strength)
{
    (void)session;
    if (call->cases->count == 0)
        return NULL; /* a patcher changes nothing where nothing is to be edited */
    for (int64_t i = 0; i < call->locations->count; i++) {
        const suture_location *at = call->locations->items[i];
        if (!(at->flags & SUTURE_LOCATION_SELECTED) || at->site != SUTURE_SITE_NEURONS)
            continue;
        suture_error *error = damp_layer(host, call->model, sink, at->layer, strength);
        if (error)
            return error;
    }
    return NULL;
}

static const suture_parameter strength = {.struct_size = sizeof strength,
                                          .name = "strength",
                                          .type = SUTURE_TYPE_NUMBER,
                                          .default_json = "0.1",
                                          .flags = SUTURE_PARAMETER_EXCLUSIVE_MINIMUM,
                                          .minimum = 0,
                                          .maximum = 1,
                                          .unit = "",
                                          .help = "Share of each selected MLP's output that is taken away."};
static const suture_parameter *const parameters[] = {&strength};

static const suture_component component = {.struct_size = sizeof component,
                                           .id = "damp",
                                           .kind = SUTURE_KIND_PATCHER,
                                           .convention = SUTURE_CONVENTION_NATIVE,
                                           .version = "1.0.0",
                                           .summary = "Makes the selected MLPs write less.",
                                           .parameter_count = 1,
                                           .parameters = parameters,
                                           .entry = (void (*)(void))damp,
                                           .signature = damp_signature};

static suture_error *start(const suture_host *host)
{
    (void)host;
    return NULL;
}

static void stop(void) {}

static int64_t component_count(void)
{
    return 1;
}

static const suture_component *component_at(int64_t index)
{
    return index == 0 ? &component : NULL;
}

/* Native components need no create, destroy and call. */
static const suture_plugin plugin = {.struct_size = sizeof plugin,
                                     .abi_major = SUTURE_ABI_MAJOR,
                                     .abi_minor = SUTURE_ABI_MINOR,
                                     .id = "org.example.damp",
                                     .version = "1.0.0",
                                     .start = start,
                                     .stop = stop,
                                     .component_count = component_count,
                                     .component_at = component_at};

SUTURE_EXPORT const suture_plugin *suture_plugin_entry(uint32_t host_major, uint32_t host_minor)
{
    (void)host_minor;
    return host_major == SUTURE_ABI_MAJOR ? &plugin : NULL;
}
