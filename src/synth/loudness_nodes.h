/* loudness_nodes.h — where the loudness table (loudness_table.h) has its values: shared by synth/loudness.c,
 * which reads it, and the tool that measures it. */
#ifndef AURALIS_SYNTH_LOUDNESS_NODES_H
#define AURALIS_SYNTH_LOUDNESS_NODES_H

#include "music/timbre.h"
#include <auralis/score.h>

enum { LOUDNESS_PITCHES = 5, LOUDNESS_BRIGHTS = 5, LOUDNESS_LENGTHS = 2 };
enum { LOUDNESS_LOWEST = 36, LOUDNESS_SEMITONES = 60 }; /* pitches whose answer is known one by one */
enum { LOUDNESS_BRIGHT_MIN = -2 };                      /* octaves; the nodes are an octave apart */

enum {
    LOUDNESS_TIMBRES = PAD_TIMBRES + LEAD_TIMBRES + BASS_TIMBRES + BELL_TIMBRES + KICK_TIMBRES + SWELL_TIMBRES
};

struct loudness_nodes {
    int timbre;                      /* row of the instrument's first timbre */
    double pitch, apart;             /* lowest node, distance */
    double length[LOUDNESS_LENGTHS]; /* seconds */
    int touched;                     /* 1: a harder note is brighter (synth/brightness.h) */
};

static const struct loudness_nodes LOUDNESS_NODES[AURALIS_INSTRUMENTS] = {
    [AURALIS_PAD] = {0, 33, 13, {8, 20}, 1},
    [AURALIS_LEAD] = {PAD_TIMBRES, 48, 12, {1, 4}, 1},
    [AURALIS_BASS] = {PAD_TIMBRES + LEAD_TIMBRES, 26, 7, {8, 24}, 1},
    [AURALIS_BELL] = {PAD_TIMBRES + LEAD_TIMBRES + BASS_TIMBRES, 48, 12, {1, 4}, 0},
    [AURALIS_KICK] = {PAD_TIMBRES + LEAD_TIMBRES + BASS_TIMBRES + BELL_TIMBRES, 36, 0, {0.25, 0.5}, 0},
    [AURALIS_SWELL] =
        {PAD_TIMBRES + LEAD_TIMBRES + BASS_TIMBRES + BELL_TIMBRES + KICK_TIMBRES, 60, 0, {3, 8}, 1},
};

#endif
