/* gm.c — the General MIDI map.
 *
 * Auralis is quiet music, so the map is by character rather than by name: what is struck or plucked becomes
 * the plucked lead or a bell, what is bowed or sustained a pad, what is blown a lead, and the loud end of
 * General MIDI (distorted guitars, orchestra hits, gunshots) something soft of the same length. Drums: bass
 * drums and toms become kicks, crashes swells; everything that would tick all the time (hats, shakers,
 * snares) shrinks to a faint breath. */
#include "music/gm.h"
#include "music/timbre.h"

#include <auralis/score.h>

/* clang-format off */
#define PAD(t) {AURALIS_PAD, PAD_##t, 100, 0}
#define LEAD(t) {AURALIS_LEAD, LEAD_##t, 100, 0}
#define BASS(t) {AURALIS_BASS, BASS_##t, 100, 0}
#define BELL(t) {AURALIS_BELL, BELL_##t, 100, 0}
#define KICK(t) {AURALIS_KICK, KICK_##t, 100, 5}
#define SWELL(t) {AURALIS_SWELL, SWELL_##t, 100, 0}

static const struct gm_voice PROGRAMS[GM_PROGRAMS] = {
    /* 1 pianos: acoustic grand, bright, electric grand, honky-tonk, electric 1 and 2, harpsichord, clavinet */
    LEAD(PLUCK), LEAD(PLUCK), LEAD(PLUCK), LEAD(PLUCK), LEAD(CELESTA), LEAD(CELESTA), LEAD(PLUCK),
    LEAD(PLUCK),
    /* 9 chromatic percussion: celesta, glockenspiel, music box, vibraphone, marimba, xylophone, tubular, dulcimer */
    LEAD(CELESTA), BELL(CRYSTAL), BELL(CRYSTAL), BELL(BOWL), BELL(KALIMBA), BELL(KALIMBA), BELL(BRONZE),
    BELL(KALIMBA),
    /* 17 organs: drawbar, percussive, rock, church, reed, accordion, harmonica, bandoneon */
    PAD(HOLLOW), PAD(HOLLOW), PAD(HOLLOW), PAD(GLASS), PAD(HOLLOW), PAD(HOLLOW), LEAD(REED), LEAD(REED),
    /* 25 guitars: nylon, steel, jazz, clean, muted, overdriven, distorted, harmonics */
    LEAD(PLUCK), LEAD(PLUCK), LEAD(PLUCK), LEAD(PLUCK), LEAD(PLUCK), LEAD(REED), LEAD(REED), BELL(CRYSTAL),
    /* 33 basses: acoustic, fingered, picked, fretless, slap 1 and 2, synth 1 and 2 */
    BASS(WOOD), BASS(ROUND), BASS(WOOD), BASS(ROUND), BASS(WOOD), BASS(WOOD), BASS(SUB), BASS(SUB),
    /* 41 strings: violin, viola, cello, contrabass, tremolo, pizzicato, harp, timpani */
    PAD(STRINGS), PAD(STRINGS), PAD(STRINGS), PAD(STRINGS), PAD(STRINGS), LEAD(PLUCK), LEAD(PLUCK),
    BASS(ROUND),
    /* 49 ensembles: strings 1 and 2, synth strings 1 and 2, choir, voice, synth voice, orchestra hit */
    PAD(STRINGS), PAD(STRINGS), PAD(STRINGS), PAD(CHOIR), PAD(CHOIR), PAD(CHOIR), PAD(CHOIR), PAD(STRINGS),
    /* 57 brass: trumpet, trombone, tuba, muted trumpet, horn, section, synth brass 1 and 2 */
    LEAD(REED), LEAD(REED), BASS(ROUND), LEAD(REED), LEAD(PURE), LEAD(REED), PAD(WARM), PAD(WARM),
    /* 65 reeds: soprano, alto, tenor and baritone saxophone, oboe, English horn, bassoon, clarinet */
    LEAD(REED), LEAD(REED), LEAD(REED), LEAD(REED), LEAD(REED), LEAD(REED), LEAD(REED), LEAD(REED),
    /* 73 pipes: piccolo, flute, recorder, pan flute, bottle, shakuhachi, whistle, ocarina */
    LEAD(FLUTE), LEAD(FLUTE), LEAD(FLUTE), LEAD(FLUTE), LEAD(FLUTE), LEAD(FLUTE), LEAD(PURE), LEAD(PURE),
    /* 81 synth leads: square, sawtooth, calliope, chiff, charang, voice, fifths, bass and lead */
    LEAD(PURE), LEAD(REED), LEAD(FLUTE), LEAD(FLUTE), LEAD(REED), LEAD(PURE), LEAD(REED), LEAD(REED),
    /* 89 synth pads: new age, warm, polysynth, choir, bowed, metallic, halo, sweep */
    PAD(GLASS), PAD(WARM), PAD(WARM), PAD(CHOIR), PAD(GLASS), PAD(GLASS), PAD(HOLLOW), PAD(VELVET),
    /* 97 effects: rain, soundtrack, crystal, atmosphere, brightness, goblins, echoes, science fiction */
    BELL(CRYSTAL), PAD(WARM), BELL(CRYSTAL), LEAD(PLUCK), PAD(GLASS), PAD(HOLLOW), PAD(GLASS), PAD(WARM),
    /* 105 plucked and folk: sitar, banjo, shamisen, koto, kalimba, bagpipe, fiddle, shanai */
    LEAD(PLUCK), LEAD(PLUCK), LEAD(PLUCK), LEAD(PLUCK), BELL(KALIMBA), LEAD(REED), PAD(STRINGS), LEAD(REED),
    /* 113 struck: tinkle bell, agogo, steel drums, wood block, taiko, melodic tom, synth drum, reverse cymbal */
    BELL(CRYSTAL), BELL(BRONZE), BELL(KALIMBA), BELL(KALIMBA), KICK(DEEP), KICK(FELT), KICK(SOFT),
    SWELL(WIND),
    /* 121 noises: fret noise, breath, seashore, bird, telephone, helicopter, applause, gunshot */
    SWELL(AIR), SWELL(AIR), SWELL(WAVE), SWELL(AIR), SWELL(AIR), SWELL(WIND), SWELL(WAVE), KICK(DEEP),
};

#define NONE {-1, 0, 0, 0}
#define DRUM(t, percent) {AURALIS_KICK, KICK_##t, percent, 5}
#define BREATH(t, percent, tenths) {AURALIS_SWELL, SWELL_##t, percent, tenths}

static const struct gm_voice DRUMS[GM_DRUMS_LAST - GM_DRUMS_FIRST + 1] = {
    /* 27 high Q, slap, scratch push and pull, sticks, square click, metronome click and bell */
    NONE, NONE, BREATH(AIR, 8, 5), BREATH(AIR, 8, 5), NONE, NONE, NONE, NONE,
    /* 35 bass drum 2 and 1, side stick, snare, clap, electric snare */
    DRUM(DEEP, 100), DRUM(SOFT, 100), DRUM(FELT, 10), BREATH(AIR, 15, 8), BREATH(AIR, 12, 8),
    BREATH(AIR, 15, 8),
    /* 41 low floor tom, closed hat, high floor tom, pedal hat, low tom, open hat, low-mid tom, high-mid tom */
    DRUM(DEEP, 60), BREATH(AIR, 4, 4), DRUM(FELT, 60), BREATH(AIR, 4, 4), DRUM(FELT, 60), BREATH(AIR, 8, 10),
    DRUM(FELT, 60), DRUM(FELT, 60),
    /* 49 crash 1, high tom, ride 1, china, ride bell, tambourine, splash, cowbell, crash 2, vibraslap, ride 2 */
    BREATH(WAVE, 45, 40), DRUM(FELT, 60), BREATH(AIR, 8, 12), BREATH(WAVE, 35, 35), BREATH(AIR, 8, 12),
    BREATH(AIR, 6, 6), BREATH(WIND, 30, 25), NONE, BREATH(WAVE, 45, 40), BREATH(AIR, 6, 10),
    BREATH(AIR, 8, 12),
    /* 60 bongos (2), congas (3), timbales (2), agogos (2) */
    DRUM(FELT, 30), DRUM(FELT, 30), DRUM(FELT, 30), DRUM(FELT, 35), DRUM(FELT, 40), DRUM(FELT, 30),
    DRUM(FELT, 30), NONE, NONE,
    /* 69 cabasa, maracas, whistles (2), guiros (2), claves, wood blocks (2), cuicas (2), triangles (2) */
    BREATH(AIR, 5, 4), BREATH(AIR, 5, 4), NONE, NONE, BREATH(AIR, 5, 4), BREATH(AIR, 6, 6), DRUM(FELT, 10),
    DRUM(FELT, 10), DRUM(FELT, 10), NONE, NONE, BREATH(AIR, 5, 6), BREATH(AIR, 6, 12),
    /* 82 shaker, jingle bell, bell tree, castanets, surdos (2) */
    BREATH(AIR, 5, 4), BREATH(AIR, 5, 6), BREATH(WIND, 15, 20), DRUM(FELT, 10), DRUM(FELT, 80),
    DRUM(FELT, 100),
};
/* clang-format on */

struct gm_voice gm_program(int program) {
    return PROGRAMS[program & 127];
}

struct gm_voice gm_drum(int key) {
    if (key < GM_DRUMS_FIRST || key > GM_DRUMS_LAST) return (struct gm_voice)NONE;
    return DRUMS[key - GM_DRUMS_FIRST];
}

int gm_program_of(int instrument, int timbre) {
    static const uint8_t pads[PAD_TIMBRES] = {89, 92, 48, 94, 91, 95},
                         leads[LEAD_TIMBRES] = {79, 71, 73, 46, 8}, basses[BASS_TIMBRES] = {33, 38, 32},
                         bells[BELL_TIMBRES] = {14, 98, 108, 11}, kicks[KICK_TIMBRES] = {36, 35, 87},
                         swells[SWELL_TIMBRES] = {121, 119, 122};
    static const uint8_t *const programs[AURALIS_INSTRUMENTS] = {pads, leads, basses, bells, kicks, swells};
    return programs[instrument][timbre < 0 ? 0 : timbre];
}
