/* report.c — see report.h. All three walk the same list of figures. */
#include "measure/report.h"
#include "base/base64.h"
#include "base/text.h"
#include "measure/levels.h"

#include <math.h>
#include <string.h>

void report_time(char out[32], uint64_t frame, uint32_t rate) {
    uint64_t ms = (frame * 1000 + rate / 2) / rate, s = ms / 1000;
    snprintf(out, 32, "%llu:%02u:%02u.%03u", (unsigned long long)(s / 3600), (unsigned)(s / 60 % 60),
             (unsigned)(s % 60), (unsigned)(ms % 1000));
}

void report_json_text(FILE *to, const char *text) {
    fputc('"', to);
    while (*text) {
        uint32_t character;
        int bytes = utf8_next(text, &character);
        if (bytes <= 0)
            fputs("\\ufffd", to), text++;
        else if (character < 0x20)
            fprintf(to, "\\u%04x", character), text++;
        else {
            if (*text == '"' || *text == '\\') fputc('\\', to);
            fwrite(text, 1, (size_t)bytes, to);
            text += bytes;
        }
    }
    fputc('"', to);
}

void report_json_number(FILE *to, double value, int decimals) {
    if (isfinite(value))
        fprintf(to, "%.*f", decimals, value);
    else
        fputs("null", to);
}

static void figure_text(char *out, size_t size, const struct figure *f) {
    if (!isfinite(f->value))
        snprintf(out, size, "none");
    else
        snprintf(out, size, "%.*f%s%s", f->decimals, f->value, *f->unit ? " " : "", f->unit);
}

static const char *channel_name(int channel) {
    return channel ? "right" : "left";
}

void report_text(FILE *to, const char *name, const struct analysis *a) {
    struct figure figure[FIGURES_MAX];
    int count = analysis_figures(a, figure);
    const struct clicks *clicks = analysis_clicks(a);
    const struct gaps *gaps = analysis_gaps(a);
    uint32_t rate = analysis_rate(a);
    char time[32], text[64];
    report_time(time, analysis_frames(a), rate);
    fprintf(to, "%s: %s at %u Hz\n", name, time, rate);
    for (int i = 0; i < count; i++) {
        figure_text(text, sizeof text, &figure[i]);
        fprintf(to, "  %-22s %s\n", figure[i].title, text);
    }
    for (uint64_t i = 0; i < clicks->count && i < CLICKS_KEPT; i++) {
        const struct click *c = &clicks->click[i];
        report_time(time, c->frame, rate);
        fprintf(to, "  click at %s, %s, %.1f dBFS, %.1f times what is around it\n", time,
                channel_name(c->channel), levels_db(c->height), c->ratio);
    }
    for (uint64_t i = 0; i < gaps->count && i < GAPS_KEPT; i++) {
        report_time(time, gaps->gap[i].frame, rate);
        fprintf(to, "  gap at %s of %.1f ms\n", time, 1000.0 * (double)gaps->gap[i].length / rate);
    }
}

static void json_clicks(FILE *to, const struct analysis *a) {
    const struct clicks *clicks = analysis_clicks(a);
    fputs(",\"click_list\":[", to);
    for (uint64_t i = 0; i < clicks->count && i < CLICKS_KEPT; i++) {
        const struct click *c = &clicks->click[i];
        fprintf(to, "%s{\"frame\":%llu,\"seconds\":%.6f,\"channel\":\"%s\",\"level\":%.2f,\"ratio\":%.2f}",
                i ? "," : "", (unsigned long long)c->frame, (double)c->frame / analysis_rate(a),
                channel_name(c->channel), levels_db(c->height), c->ratio);
    }
    fputc(']', to);
}

static void json_gaps(FILE *to, const struct analysis *a) {
    const struct gaps *gaps = analysis_gaps(a);
    fputs(",\"gap_list\":[", to);
    for (uint64_t i = 0; i < gaps->count && i < GAPS_KEPT; i++)
        fprintf(to, "%s{\"frame\":%llu,\"frames\":%llu}", i ? "," : "",
                (unsigned long long)gaps->gap[i].frame, (unsigned long long)gaps->gap[i].length);
    fputc(']', to);
}

void report_json(FILE *to, const char *name, const struct analysis *a) {
    struct figure figure[FIGURES_MAX];
    int count = analysis_figures(a, figure);
    fputs("{\"file\":", to);
    report_json_text(to, name);
    fprintf(to, ",\"sample_rate\":%u,\"frames\":%llu,\"seconds\":%.3f", analysis_rate(a),
            (unsigned long long)analysis_frames(a), (double)analysis_frames(a) / analysis_rate(a));
    for (int i = 0; i < count; i++) {
        fprintf(to, ",\"%s\":", figure[i].name);
        report_json_number(to, figure[i].value,
                           figure[i].decimals < 2 && *figure[i].unit ? 3 : figure[i].decimals + 1);
    }
    json_clicks(to, a);
    json_gaps(to, a);
    fputc('}', to);
}

static void html_text(FILE *to, const char *text) {
    for (; *text; text++) switch (*text) {
        case '<':
            fputs("&lt;", to);
            break;
        case '&':
            fputs("&amp;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        default:
            fputc(*text, to);
        }
}

/* Three thousand bytes at a time, which end on a whole character. */
static void base64(FILE *to, const unsigned char *bytes, size_t size) {
    char text[BASE64_LENGTH(3000)];
    for (size_t piece; size; bytes += piece, size -= piece) {
        piece = size < 3000 ? size : 3000;
        fwrite(text, 1, base64_encode(text, bytes, piece), to);
    }
}

static void html_faults(FILE *to, const struct analysis *a) {
    const struct clicks *clicks = analysis_clicks(a);
    const struct gaps *gaps = analysis_gaps(a);
    char time[32];
    if (!clicks->count && !gaps->count) return;
    fputs("<h2>Clicks and gaps</h2>\n<ul>\n", to);
    for (uint64_t i = 0; i < clicks->count && i < CLICKS_KEPT; i++) {
        const struct click *c = &clicks->click[i];
        report_time(time, c->frame, analysis_rate(a));
        fprintf(to, "<li>Click at %s, %s, %.1f dBFS</li>\n", time, channel_name(c->channel),
                levels_db(c->height));
    }
    for (uint64_t i = 0; i < gaps->count && i < GAPS_KEPT; i++) {
        report_time(time, gaps->gap[i].frame, analysis_rate(a));
        fprintf(to, "<li>Gap at %s of %.1f ms</li>\n", time,
                1000.0 * (double)gaps->gap[i].length / analysis_rate(a));
    }
    fputs("</ul>\n", to);
}

void report_html(FILE *to, const char *name, const struct analysis *a, const void *png, size_t png_size) {
    struct figure figure[FIGURES_MAX];
    int count = analysis_figures(a, figure);
    char time[32], text[64];
    report_time(time, analysis_frames(a), analysis_rate(a));
    fputs("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>", to);
    html_text(to, name);
    fputs("</title>\n<style>\nbody { font: 15px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem "
          "auto; padding: 0 1rem;"
          " color: #28282c; background: #fafaf8 }\nimg { max-width: 100%; image-rendering: pixelated }\n"
          "table { border-collapse: collapse }\ntd { padding: .1rem 1.5rem .1rem 0; border-bottom: 1px solid "
          "#ddd }\n"
          "td + td { text-align: right; font-variant-numeric: tabular-nums }\n</style>\n<h1>",
          to);
    html_text(to, name);
    fprintf(to,
            "</h1>\n<p>%s at %u Hz</p>\n<img alt=\"Spectrogram and levels over time\" "
            "src=\"data:image/png;base64,",
            time, analysis_rate(a));
    base64(to, png, png_size);
    fputs("\">\n<table>\n", to);
    for (int i = 0; i < count; i++) {
        figure_text(text, sizeof text, &figure[i]);
        fprintf(to, "<tr><td>%s</td><td>%s</td></tr>\n", figure[i].title, text);
    }
    fputs("</table>\n", to);
    html_faults(to, a);
    fputs("</html>\n", to);
}
