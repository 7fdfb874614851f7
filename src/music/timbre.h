/* timbre.h — the names of every instrument's timbres. What they sound like is synth/instrument.c's business;
 * the parameter table and the MIDI mapping need only the names. */
#ifndef AURALIS_MUSIC_TIMBRE_H
#define AURALIS_MUSIC_TIMBRE_H

enum pad_timbre { PAD_WARM, PAD_GLASS, PAD_STRINGS, PAD_HOLLOW, PAD_CHOIR, PAD_VELVET, PAD_TIMBRES };
enum lead_timbre { LEAD_PURE, LEAD_REED, LEAD_FLUTE, LEAD_PLUCK, LEAD_CELESTA, LEAD_TIMBRES };
enum bass_timbre { BASS_ROUND, BASS_SUB, BASS_WOOD, BASS_TIMBRES };
enum bell_timbre { BELL_BRONZE, BELL_CRYSTAL, BELL_KALIMBA, BELL_BOWL, BELL_TIMBRES };
enum kick_timbre { KICK_SOFT, KICK_DEEP, KICK_FELT, KICK_TIMBRES };
enum swell_timbre { SWELL_AIR, SWELL_WIND, SWELL_WAVE, SWELL_TIMBRES };

/* The timbres of an instrument (enum auralis_instrument): how many, and their names in *names. */
int timbre_names(int instrument, const char *const **names);

#endif
