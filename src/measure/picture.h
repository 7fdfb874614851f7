/* picture.h — a small picture of 256 fixed colours, and its PNG.
 *
 * Colours 0–15 are for paper, ink and lines; 16–255 run from dark to bright, for quantities. Drawing outside
 * the picture is cut off. Text is of our own 3 × 5 letters, twice as large: small letters exist where units
 * need them, else capitals stand for them. One thread. */
#ifndef AURALIS_MEASURE_PICTURE_H
#define AURALIS_MEASURE_PICTURE_H

#include <stddef.h>
#include <stdint.h>

enum picture_colour {
    COLOUR_PAPER,
    COLOUR_INK,
    COLOUR_GRID,
    COLOUR_FIRST, /* of three that are told apart easily */
    COLOUR_SECOND,
    COLOUR_THIRD,
    COLOUR_DARKEST = 16,
    COLOUR_BRIGHTEST = 255
};
enum { LETTER_WIDTH = 8, LETTER_HEIGHT = 10 };

struct picture {
    int width, height;
    uint8_t *pixel; /* [height][width] */
};

/* 0, or AURALIS_ENOMEM. */
int picture_init(struct picture *p, int width, int height);
void picture_free(struct picture *p);

void picture_dot(struct picture *p, int x, int y, int colour);
void picture_box(struct picture *p, int x, int y, int width, int height, int colour);
void picture_text(struct picture *p, int x, int y, const char *text, int colour); /* top left corner */
int picture_text_width(const char *text);

/* The picture as PNG in a new buffer that the caller frees; 0, or AURALIS_ENOMEM. */
int picture_png(const struct picture *p, void **bytes, size_t *size);

#endif
