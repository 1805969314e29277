/* SPDX-License-Identifier: MIT */
/* What measure_layers() found, as a table and as JSON. See bench.h. */
#include <math.h>
#include <stdio.h>

#include "bench.h"
#include "common/json.h"

static double total_seconds(const results *r)
{
    double sum = 0;
    for (int32_t i = 0; i < r->layer_count; i++)
        sum += r->layers[i].seconds;
    return sum;
}

/* Operations a second, every layer counted as its definition has it; not a number where it has no
 * multiply-adds. */
static double rate_of(const layer_result *layer)
{
    return layer->macs > 0 ? 2.0 * (double)layer->macs / layer->seconds : NAN;
}

json_t *layers_json(const results *r)
{
    const double total = total_seconds(r);
    json_t *list = json_array();
    for (int32_t i = 0; i < r->layer_count; i++) {
        const layer_result *layer = &r->layers[i];
        json_t *entry = json_object();
        json_put(entry, "name", json_text(layer->name));
        json_put(entry, "method", json_text(layer->method));
        json_put(entry, "macs", json_integer(layer->macs));
        json_put(entry, "us", json_number(1e6 * layer->seconds));
        json_put(entry, "gflops", json_number(1e-9 * rate_of(layer)));
        json_put(entry, "share", json_number(layer->seconds / total));
        json_add(list, entry);
    }
    return list;
}

static void print_line(const char *name, const char *method, double seconds, double rate,
                       double share)
{
    char gflops[32] = "";
    if (isfinite(rate))
        snprintf(gflops, sizeof gflops, "%.1f", 1e-9 * rate);
    printf("%-30s %-24s %8.1f %8s %6.1f\n", name, method, 1e6 * seconds, gflops, 100 * share);
}

void print_layers(const results *r)
{
    const double total = total_seconds(r);
    int64_t macs = 0;
    printf("\n%-30s %-24s %8s %8s %6s\n", "layer, one picture", "method", "us", "GFLOP/s", "%");
    for (int32_t i = 0; i < r->layer_count; i++) {
        const layer_result *layer = &r->layers[i];
        print_line(layer->name, layer->method, layer->seconds, rate_of(layer),
                   layer->seconds / total);
        macs += layer->macs;
    }
    print_line("total", "", total, 2.0 * (double)macs / total, 1);
}
