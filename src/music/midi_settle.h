/* midi_settle.h — which of a MIDI file's controllers are controls, and which are part of the notes. */
#ifndef AURALIS_MUSIC_MIDI_SETTLE_H
#define AURALIS_MUSIC_MIDI_SETTLE_H

#include "music/score.h"

/* Works on a score as the reader leaves it: notes and controls in order of time, notes without the controls
 * in them. Removes the controls that never move under a sounding note and puts their values into the notes;
 * also removes notes that are silent then. Cannot fail. */
void midi_settle(auralis_score *score);

#endif
