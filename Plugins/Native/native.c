/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin in C. Its evaluator "target-rank" is an ordinary function: the host reads the declared parameters, checks
 * the experiment file against them, and calls the function with their values in place.
 */
#include "native.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The host's tables and the sink, as one argument. */
struct tables {
    const suture_host *host;
    const suture_tensor_api *tensor;
    const suture_model_api *model;
    const suture_session_api *session;
    const suture_sink *sink;
};

static suture_error *fail(const struct tables *t, suture_code code, const char *message, const char *hint)
{
    return t->host->error_new(t->host->context, code, message, hint);
}

static suture_error *find_tables(const suture_host *host, const suture_sink *sink, struct tables *t)
{
    t->host = host;
    t->sink = sink;
    t->tensor = host->get_extension(host->context, SUTURE_TENSOR_ID);
    t->model = host->get_extension(host->context, SUTURE_MODEL_ID);
    t->session = host->get_extension(host->context, SUTURE_SESSION_ID);
    if (t->tensor && t->model && t->session)
        return NULL;
    return fail(t, SUTURE_FAILED_PRECONDITION, "target-rank: the host lacks tensors, models or sessions",
                "use a newer host");
}

/* The case's prompt with the subject in its slot; NULL without memory. The caller frees it. A case without a subject has a
 * finished prompt. Otherwise "{}" is the slot, "{{" and "}}" are braces, and any other brace is itself. */
static char *filled_prompt(const suture_edit_case *item)
{
    const char *prompt = item->prompt ? item->prompt : "";
    const char *subject = item->subject ? item->subject : "";
    size_t length = strlen(subject);
    int is_template = length > 0, is_filled = 0;
    char *text = malloc(strlen(prompt) + length + 1);
    char *end = text;
    if (!text)
        return NULL;
    for (; *prompt; prompt++) {
        if (is_template && !is_filled && prompt[0] == '{' && prompt[1] == '}') {
            memcpy(end, subject, length);
            end += length;
            is_filled = 1;
            prompt++;
            continue;
        }
        *end++ = *prompt;
        if (is_template && (*prompt == '{' || *prompt == '}') && prompt[1] == *prompt)
            prompt++;
    }
    *end = '\0';
    return text;
}

/* Token ids of a text, which the caller frees. */
static suture_error *encode(const struct tables *t, suture_model *model, const char *text, int32_t adds_special,
                            int64_t **ids, int64_t *count)
{
    suture_tensor *tensor = NULL;
    suture_tensor_info info = {.struct_size = sizeof info};
    suture_error *error = t->model->encode(model, text, adds_special, &tensor, NULL);
    if (!error)
        error = t->tensor->info(tensor, &info);
    if (!error) {
        *count = info.shape[0];
        *ids = malloc(((size_t)*count + 1) * sizeof **ids);
        error = *ids ? t->tensor->to_bytes(tensor, *ids, *count * (int64_t)sizeof **ids)
                     : fail(t, SUTURE_RESOURCE_EXHAUSTED, "target-rank: no memory", NULL);
    }
    if (tensor)
        t->tensor->release(tensor);
    return error;
}

/* The first token that a text has after a prompt. */
static suture_error *first_token(const struct tables *t, suture_model *model, const char *prompt, const char *text,
                                 int64_t *token)
{
    int64_t *head = NULL, *whole = NULL, *alone = NULL;
    int64_t head_count = 0, whole_count = 0, alone_count = 0;
    size_t size = strlen(prompt) + strlen(text) + 1;
    char *both = malloc(size);
    if (!both)
        return fail(t, SUTURE_RESOURCE_EXHAUSTED, "target-rank: no memory", NULL);
    snprintf(both, size, "%s%s", prompt, text);
    suture_error *error = encode(t, model, prompt, 1, &head, &head_count);
    if (!error)
        error = encode(t, model, both, 1, &whole, &whole_count);
    if (!error)
        error = encode(t, model, text, 0, &alone, &alone_count);
    if (!error) {
        int follows = whole_count > head_count && memcmp(whole, head, (size_t)head_count * sizeof *head) == 0;
        if (!follows && alone_count < 1)
            error = fail(t, SUTURE_INVALID_ARGUMENT, "target-rank: target_new has no tokens", "check the data set");
        else
            *token = follows ? whole[head_count] : alone[0];
    }
    free(both);
    free(head);
    free(whole);
    free(alone);
    return error;
}

/* The target as it follows a prompt: as it is where the answer says that nothing is put in front of it,
 * otherwise with one space in front. The caller frees it; NULL without memory. */
static char *following(const suture_edit_case *item)
{
    const char *target = item->target_new ? item->target_new : "";
    int is_joined = item->answer && strcmp(item->answer, target) == 0;
    size_t size = strlen(target) + 2;
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "%s%s", is_joined || target[0] == ' ' ? "" : " ", target);
    return text;
}

/* The rank of a token, from 1, in float32 logits [1, vocabulary]: how many are larger, and one. */
static suture_error *rank_in(const struct tables *t, suture_tensor *logits, int64_t token, double *rank)
{
    suture_tensor_info info = {.struct_size = sizeof info};
    suture_error *error = t->tensor->info(logits, &info);
    if (error)
        return error;
    int64_t count = info.rank == 2 ? info.shape[1] : 0;
    if (token < 0 || token >= count)
        return fail(t, SUTURE_OUT_OF_RANGE, "target-rank: the token lies outside the vocabulary", NULL);
    float *values = malloc((size_t)count * sizeof *values);
    if (!values)
        return fail(t, SUTURE_RESOURCE_EXHAUSTED, "target-rank: no memory", NULL);
    error = t->tensor->to_bytes(logits, values, count * (int64_t)sizeof *values);
    if (!error) {
        *rank = 1;
        for (int64_t i = 0; i < count; i++)
            *rank += values[i] > values[token];
    }
    free(values);
    return error;
}

/* The rank of `token` after a prompt. */
static suture_error *rank_after(const struct tables *t, suture_model *model, const char *prompt, int64_t token,
                                double *rank)
{
    suture_tensor *ids = NULL, *batch = NULL, *logits = NULL;
    suture_tensor_info info = {.struct_size = sizeof info};
    suture_forward_result result = {.struct_size = sizeof result};
    suture_error *error = t->model->encode(model, prompt, 1, &ids, NULL);
    if (!error)
        error = t->tensor->info(ids, &info);
    if (!error) {
        const int64_t sizes[] = {1, info.shape[0]};
        error = t->tensor->shape(SUTURE_RESHAPE, ids, sizes, 2, &batch);
    }
    if (!error) {
        suture_forward pass = {
            .struct_size = sizeof pass, .tokens = batch, .end_layer = -1, .logits = SUTURE_LOGITS_LAST};
        error = t->model->forward(model, &pass, &result);
    }
    if (!error)
        error = t->tensor->cast(result.logits, SUTURE_DTYPE_F32, SUTURE_DEVICE_CPU, 0, &logits);
    if (!error)
        error = rank_in(t, logits, token, rank);
    if (logits)
        t->tensor->release(logits);
    if (result.logits)
        t->tensor->release(result.logits);
    if (batch)
        t->tensor->release(batch);
    if (ids)
        t->tensor->release(ids);
    return error;
}

static suture_error *emit(const struct tables *t, int64_t index, const char *name, double value)
{
    suture_score score = {.struct_size = sizeof score, .case_index = index, .name = name, .value = value, .weight = 1};
    return t->sink->score(t->sink->context, &score);
}

static suture_error *rank_case(const struct tables *t, suture_model *model, const suture_edit_case *item, int64_t top_k,
                               int64_t paraphrases)
{
    int64_t token = 0;
    double ranks = 0, hits = 0;
    char *prompt = filled_prompt(item);
    char *target = following(item);
    suture_error *error = prompt && target ? first_token(t, model, prompt, target, &token)
                                           : fail(t, SUTURE_RESOURCE_EXHAUSTED, "target-rank: no memory", NULL);
    for (int64_t i = -1; !error && i < paraphrases; i++) {
        double rank = 0;
        error = rank_after(t, model, i < 0 ? prompt : item->paraphrase_prompts[i], token, &rank);
        ranks += rank;
        hits += rank <= (double)top_k;
    }
    free(prompt);
    free(target);
    if (!error)
        error = emit(t, item->index, "target_rank", ranks / (double)(paraphrases + 1));
    if (!error)
        error = emit(t, item->index, "target_in_top_k", hits / (double)(paraphrases + 1));
    return error;
}

/* The rank of the new target's first token at the prompt's end, and whether it is among the first top_k; with
 * counts_paraphrases, the means over the prompt and its paraphrases. */
SUTURE_NATIVE_2(target_rank, int64_t, top_k, int32_t, counts_paraphrases)
{
    struct tables t;
    suture_error *error = find_tables(host, sink, &t);
    for (int64_t i = 0; !error && i < call->cases->count; i++) {
        const suture_edit_case *item = call->cases->items[i];
        error = t.session->progress(session, "evaluate", i, call->cases->count);
        if (!error)
            error = rank_case(&t, call->model, item, top_k, counts_paraphrases ? item->paraphrase_count : 0);
    }
    return error;
}

/* The plugin's own table. */

static const suture_parameter top_k_parameter = {.struct_size = sizeof(suture_parameter),
                                                 .name = "top_k",
                                                 .type = SUTURE_TYPE_INTEGER,
                                                 .default_json = "5",
                                                 .minimum = 1,
                                                 .maximum = INFINITY,
                                                 .unit = "tokens",
                                                 .help = "Ranks up to this one count as found."};
static const suture_parameter paraphrases_parameter = {.struct_size = sizeof(suture_parameter),
                                                       .name = "counts_paraphrases",
                                                       .type = SUTURE_TYPE_BOOLEAN,
                                                       .default_json = "false",
                                                       .minimum = -INFINITY,
                                                       .maximum = INFINITY,
                                                       .unit = "",
                                                       .help = "Average over the prompt and its paraphrases."};
static const suture_parameter *const parameters[] = {&top_k_parameter, &paraphrases_parameter};

static const suture_component target_rank_component = {
    .struct_size = sizeof(suture_component),
    .id = "target-rank",
    .kind = SUTURE_KIND_EVALUATOR,
    .convention = SUTURE_CONVENTION_NATIVE,
    .version = "1.0.0",
    .summary = "Rank of the new target's first token at the prompt's end.",
    .required_fields = SUTURE_FIELD_PROMPT | SUTURE_FIELD_SUBJECT | SUTURE_FIELD_TARGET_NEW,
    .parameter_count = 2,
    .parameters = parameters,
    .entry = (void (*)(void))target_rank,
    .signature = target_rank_signature};

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
    return index == 0 ? &target_rank_component : NULL;
}

/* Native components need no create, destroy and call. */
static const suture_plugin plugin = {.struct_size = sizeof(suture_plugin),
                                     .abi_major = SUTURE_ABI_MAJOR,
                                     .abi_minor = SUTURE_ABI_MINOR,
                                     .id = "suture.native",
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
