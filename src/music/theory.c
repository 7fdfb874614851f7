/* theory.c — keys, modes, degrees, chords.
 *
 * The harmony speaks of five functional degrees, i iv V VI III, in every mode. They stand on the first,
 * fourth, fifth, sixth and third tone of the mode's own scale and are stacked in thirds from it, so the mode
 * colours them: iv is major in dorian, V is minor in dorian and mixolydian, VI and III are minor in the major
 * modes. Two rules refine that:
 *
 *  - In aeolian V has the raised third (7 11 2 above the tonic), as in the minor vocabulary the rows were
 * written for. The other modes keep their own third: a raised one would erase the very tone that makes them
 * what they are.
 *  - One degree of dorian (VI), phrygian (V), lydian (iv) and mixolydian (III) has a diminished fifth, too
 * harsh for music this slow. It leaves its fifth out and takes its seventh instead: B D A in D dorian,
 * "Bm7(no5)".
 *
 * A richer type exists on a degree only where the scale has it with soft intervals: the second and the ninth
 * a whole tone above the root, the fourth and fifth perfect, a major seventh over a major third, a minor
 * seventh over a minor third. Dominant sevenths, whose tritone asks to be resolved, are not used. */
#include "music/theory.h"

#include <stdio.h>

static const int SCALES[][SCALE_TONES] = {
    [AURALIS_AEOLIAN] = {0, 2, 3, 5, 7, 8, 10},  [AURALIS_DORIAN] = {0, 2, 3, 5, 7, 9, 10},
    [AURALIS_PHRYGIAN] = {0, 1, 3, 5, 7, 8, 10}, [AURALIS_LYDIAN] = {0, 2, 4, 6, 7, 9, 11},
    [AURALIS_IONIAN] = {0, 2, 4, 5, 7, 9, 11},   [AURALIS_MIXOLYDIAN] = {0, 2, 4, 5, 7, 9, 10},
};

static const int DEGREE_TONE[DEGREES] = {[AURALIS_CHORD_I] = 0,
                                         [AURALIS_CHORD_IV] = 3,
                                         [AURALIS_CHORD_V] = 4,
                                         [AURALIS_CHORD_VI] = 5,
                                         [AURALIS_CHORD_III] = 2};

const int *theory_scale(int mode) {
    return SCALES[mode];
}

unsigned theory_scale_mask(int key, int mode) {
    unsigned mask = 0;
    for (int i = 0; i < SCALE_TONES; i++) mask |= 1u << (key + SCALES[mode][i]) % 12;
    return mask;
}

unsigned theory_shape_mask(const struct chord_shape *shape) {
    unsigned mask = 0;
    for (int i = 0; i < shape->count; i++) mask |= 1u << shape->tone[i];
    return mask;
}

int theory_tonic(int key) {
    return 52 + (key + 8) % 12;
}

/* Semitones from the scale's tone `from` up to the tone `steps` further. */
static int interval(const int *scale, int from, int steps) {
    int to = from + steps;
    return scale[to % SCALE_TONES] + 12 * (to / SCALE_TONES) - scale[from];
}

bool theory_chord(int key, int mode, int degree, int type, struct chord_shape *out) {
    const int *scale = SCALES[mode];
    int base = DEGREE_TONE[degree];
    int second = interval(scale, base, 1), third = interval(scale, base, 2),
        fourth = interval(scale, base, 3);
    int fifth = interval(scale, base, 4), seventh = interval(scale, base, 6);
    bool open = fifth != 7;
    if (mode == AURALIS_AEOLIAN && degree == AURALIS_CHORD_V) third = 4;
    int above[SHAPE_TONES_MAX] = {0, third, open ? seventh : fifth, 0}, count = 3;
    switch (type) {
    case CHORD_TRIAD:
        break;
    case CHORD_SUS2:
        if (open || second != 2) return false;
        above[1] = second;
        break;
    case CHORD_SUS4:
        if (open || fourth != 5) return false;
        above[1] = fourth;
        break;
    case CHORD_ADD9:
        if (open || second != 2) return false;
        above[count++] = second;
        break;
    case CHORD_MAJ7:
        if (open || third != 4 || seventh != 11) return false;
        above[count++] = seventh;
        break;
    default:
        if (open || third != 3 || seventh != 10) return false;
        above[count++] = seventh;
    }
    *out = (struct chord_shape){
        .root = (key + scale[base]) % 12, .count = count, .type = type, .minor = third == 3, .open = open};
    for (int i = 0; i < count; i++) out->tone[i] = (out->root + above[i]) % 12;
    return true;
}

/* Keys whose parent major scale (the ionian with the same tones) is F, Bb, Eb, Ab or Db are written with
 * flats. */
static bool flat_key(int key, int mode) {
    static const int parent[] = {3, 10, 8,
                                 7, 0,  5}; /* semitones from the tonic up to the parent's tonic, by mode */
    return (1u << (key + parent[mode]) % 12) & (1u << 5 | 1u << 10 | 1u << 3 | 1u << 8 | 1u << 1);
}

void theory_chord_name(int key, int mode, const struct chord_shape *shape, char *out, size_t size) {
    static const char *const sharps[] = {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
    static const char *const flats[] = {"C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"};
    static const char *const suffix[2][CHORD_TYPES] = {{"", "sus2", "sus4", "add9", "maj7", "7"},
                                                       {"m", "sus2", "sus4", "madd9", "maj7", "m7"}};
    const char *root = (flat_key(key, mode) ? flats : sharps)[shape->root];
    snprintf(out, size, "%s%s", root, shape->open ? "m7(no5)" : suffix[shape->minor][shape->type]);
}
