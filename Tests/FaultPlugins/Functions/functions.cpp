// SPDX-License-Identifier: Apache-2.0
//
// Knows nothing of Suture: an existing library, as an experiment file may bind one.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

// Leaves a trace, so that a test can show that it was never loaded.
__attribute__((constructor)) static void loaded()
{
    const char *path = std::getenv("SUTURE_TEST_TRACE");
    if (std::FILE *file = path ? std::fopen(path, "w") : nullptr)
        std::fclose(file);
}

extern "C" {

// Every type, and enough of them that some travel on the stack.
double mixed(double a, int64_t b, int32_t c, float d, uint8_t e, const char *text, void *pointer, double f, int64_t g,
             float h, double i, double j, double k, double l)
{
    return a + static_cast<double>(b) * 2 + c * 3 + static_cast<double>(d) * 4 + e * 5 +
           static_cast<double>(std::strlen(text)) * 6 + (pointer ? 7 : 0) + f * 8 + static_cast<double>(g) * 9 +
           static_cast<double>(h) * 10 + i * 11 + j * 12 + k * 13 + l * 14;
}

int32_t negated(int32_t value)
{
    return -value;
}

uint8_t low_byte(int64_t value)
{
    return static_cast<uint8_t>(value);
}

float half(float value)
{
    return value / 2;
}

const char *same(const char *text)
{
    return text;
}

double common_letters(const char *a, const char *b)
{
    double count = 0;
    for (; *a && *a == *b; ++a, ++b)
        ++count;
    return count;
}

void fail(const char *text)
{
    throw std::invalid_argument(text);
}

// Calls back; the callback may be a closure made at run time.
double sum_over(double (*weigh)(int64_t, double), int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
        sum += weigh(i, static_cast<double>(i) / 2);
    return sum;
}

int32_t ask(int32_t (*answer)(const char *, uint8_t, float))
{
    return answer("question", 200, 0.5f);
}
}
