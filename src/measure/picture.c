/* picture.c — see picture.h. Few colours and a palette, so that a PNG stays small. */
#include "measure/picture.h"

#include <auralis/error.h>

#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { ENLARGE = 2, ROWS = 5, COLUMNS = 3 };

/* Five rows of three dots, an octal digit each. */
static const struct {
    char character, rows[ROWS + 1];
} LETTERS[] = {
    {'0', "75557"}, {'1', "26227"}, {'2', "71747"}, {'3', "71717"}, {'4', "55711"}, {'5', "74717"},
    {'6', "74757"}, {'7', "71122"}, {'8', "75757"}, {'9', "75717"}, {'A', "25755"}, {'B', "65656"},
    {'C', "34443"}, {'D', "65556"}, {'E', "74647"}, {'F', "74644"}, {'G', "34553"}, {'H', "55755"},
    {'I', "72227"}, {'J', "11152"}, {'K', "55655"}, {'L', "44447"}, {'M', "57755"}, {'N', "65555"},
    {'O', "25552"}, {'P', "65644"}, {'Q', "25563"}, {'R', "65655"}, {'S', "34216"}, {'T', "72222"},
    {'U', "55557"}, {'V', "55552"}, {'W', "55775"}, {'X', "55255"}, {'Y', "55222"}, {'Z', "71247"},
    {'d', "11757"}, {'h', "44755"}, {'k', "44565"}, {'m', "00775"}, {'s', "03636"}, {'z', "07247"},
    {'.', "00002"}, {',', "00024"}, {':', "02020"}, {'-', "00700"}, {'+', "02720"}, {'/', "11244"},
    {'%', "51245"}, {'(', "12221"}, {')', "42224"}, {'_', "00007"}, {'=', "07070"}, {'#', "57575"},
    {'~', "00360"},
};

int picture_init(struct picture *p, int width, int height) {
    *p = (struct picture){width, height, calloc((size_t)width * (size_t)height, 1)};
    return p->pixel ? AURALIS_OK : AURALIS_ENOMEM;
}

void picture_free(struct picture *p) {
    free(p->pixel);
    p->pixel = NULL;
}

void picture_dot(struct picture *p, int x, int y, int colour) {
    if (x >= 0 && x < p->width && y >= 0 && y < p->height)
        p->pixel[(size_t)y * (size_t)p->width + (size_t)x] = (uint8_t)colour;
}

void picture_box(struct picture *p, int x, int y, int width, int height, int colour) {
    for (int j = y; j < y + height; j++)
        for (int i = x; i < x + width; i++) picture_dot(p, i, j, colour);
}

static const char *rows_of(char c) {
    char capital = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    const char *found = NULL;
    for (size_t i = 0; i < sizeof LETTERS / sizeof *LETTERS; i++) {
        if (LETTERS[i].character == c) return LETTERS[i].rows;
        if (LETTERS[i].character == capital) found = LETTERS[i].rows;
    }
    return found;
}

void picture_text(struct picture *p, int x, int y, const char *text, int colour) {
    for (; *text; text++, x += LETTER_WIDTH) {
        const char *rows = rows_of(*text);
        for (int j = 0; rows && j < ROWS; j++)
            for (int i = 0; i < COLUMNS; i++)
                if ((rows[j] - '0') >> (COLUMNS - 1 - i) & 1)
                    picture_box(p, x + ENLARGE * i, y + ENLARGE * j, ENLARGE, ENLARGE, colour);
    }
}

int picture_text_width(const char *text) {
    return LETTER_WIDTH * (int)strlen(text) - ENLARGE;
}

static png_color between(const uint8_t a[3], const uint8_t b[3], double t) {
    double c[3];
    for (int i = 0; i < 3; i++) c[i] = a[i] + (b[i] - a[i]) * t + 0.5;
    return (png_color){(png_byte)c[0], (png_byte)c[1], (png_byte)c[2]};
}

/* Dark blue, violet, orange, pale yellow: each step brighter than the one before. */
static void fill_palette(png_color palette[256]) {
    static const png_color plain[] = {
        [COLOUR_PAPER] = {250, 250, 248}, [COLOUR_INK] = {40, 40, 44},       [COLOUR_GRID] = {205, 205, 205},
        [COLOUR_FIRST] = {37, 99, 155},   [COLOUR_SECOND] = {160, 190, 214}, [COLOUR_THIRD] = {200, 80, 30}};
    static const uint8_t stop[][3] = {{6, 8, 28},    {58, 26, 108},  {150, 42, 112},
                                      {224, 92, 58}, {250, 172, 66}, {252, 246, 190}};
    enum { STOPS = sizeof stop / sizeof *stop };
    memset(palette, 0, 256 * sizeof *palette);
    memcpy(palette, plain, sizeof plain);
    for (int i = COLOUR_DARKEST; i <= COLOUR_BRIGHTEST; i++) {
        double t = (double)(i - COLOUR_DARKEST) / (COLOUR_BRIGHTEST - COLOUR_DARKEST) * (STOPS - 1);
        int k = (int)t < STOPS - 1 ? (int)t : STOPS - 2;
        palette[i] = between(stop[k], stop[k + 1], t - k);
    }
}

struct sink {
    uint8_t *bytes;
    size_t size, capacity;
};

static void put(png_structp png, png_bytep bytes, size_t size) {
    struct sink *s = png_get_io_ptr(png);
    if (s->size + size > s->capacity) {
        size_t capacity = 2 * (s->size + size);
        uint8_t *grown = realloc(s->bytes, capacity);
        if (!grown) png_error(png, "out of memory");
        s->bytes = grown;
        s->capacity = capacity;
    }
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

static void flush(png_structp png) {
    (void)png;
}

static void quiet(png_structp png, const char *message) {
    (void)message;
    png_longjmp(png, 1);
}

/* Here libpng may jump back: nothing that changes afterwards is a local variable. */
static int write_png(const struct picture *p, struct sink *sink, png_structp png, png_infop info) {
    png_color palette[256];
    if (setjmp(png_jmpbuf(png))) return AURALIS_ENOMEM;
    fill_palette(palette);
    png_set_write_fn(png, sink, put, flush);
    png_set_compression_level(png, 9);
    png_set_filter(png, 0, PNG_FILTER_NONE);
    png_set_IHDR(png, info, (png_uint_32)p->width, (png_uint_32)p->height, 8, PNG_COLOR_TYPE_PALETTE,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(png, info, palette, 256);
    png_write_info(png, info);
    for (int y = 0; y < p->height; y++) png_write_row(png, p->pixel + (size_t)y * (size_t)p->width);
    png_write_end(png, info);
    return AURALIS_OK;
}

int picture_png(const struct picture *p, void **bytes, size_t *size) {
    struct sink sink = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, quiet, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int result = info ? write_png(p, &sink, png, info) : AURALIS_ENOMEM;
    if (png) png_destroy_write_struct(&png, &info);
    if (result < 0) {
        free(sink.bytes);
        return result;
    }
    *bytes = sink.bytes;
    *size = sink.size;
    return AURALIS_OK;
}
