/* verify.h — are these the samples of the piece? (inside src/load only) */
#ifndef AURALIS_LOAD_VERIFY_H
#define AURALIS_LOAD_VERIFY_H

#include "load/listener.h"

/* The listener has been told which piece it hears: `seed`, `parameters`, from its l->frame on. */
void verify_begin(struct listener *listener, uint64_t seed, const auralis_parameters *parameters);

/* Compares a message that begins at stream frame `frame`. */
void verify_message(struct listener *listener, const struct audio_message *message, uint64_t frame);

/* Nothing more can be compared. */
void verify_end(struct listener *listener);

#endif
