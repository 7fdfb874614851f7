/* controls.h — what moves notes of a score while they sound: bend, vibrato, volume, expression, pan. */
#ifndef AURALIS_SYNTH_CONTROLS_H
#define AURALIS_SYNTH_CONTROLS_H

#include <auralis/score.h>

struct auralis_stream;
struct controls;

/* Prepares the controls of a score. *out is NULL if it has none. AURALIS_ENOMEM. */
int controls_open(auralis_score *score, struct controls **out);
void controls_close(struct controls *controls);

/* Tells the voices of the stream, those that begin too, where pitch and gain go in the coming block. */
void controls_advance(struct auralis_stream *stream);

#endif
