/* options.h — reading the command line, and saying what is wrong with it.
 *
 * A command describes its options in a table and walks the arguments with options_next; `--name value`,
 * `--name=value` and, for options with a letter, `-o value` are understood. The parameters of the music need
 * no table of their own: they come from auralis_parameter_at. The same tables print the help, so that help
 * and behaviour cannot part. */
#ifndef AURALIS_CLI_OPTIONS_H
#define AURALIS_CLI_OPTIONS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct option_info {
    int id;            /* what options_next returns, ≥ 1; 0 makes the entry a heading, `help` its text */
    char letter;       /* "-o", or 0 */
    const char *name;  /* "output" */
    const char *value; /* what stands for its value in the help; NULL: the option takes none */
    const char *help;
};

enum {
    OPTION_END = 0,
    OPTION_BAD = -1,          /* refused; the message has been printed */
    OPTION_HELP = -2,         /* --help or -h */
    OPTION_OPERAND = -3,      /* an argument that is no option: in `value` */
    OPTION_PARAMETER = 10000, /* + index: a parameter of the music */
};

/* Zero-initialise, then fill the first five. */
struct options {
    const struct option_info *table;
    size_t count;
    bool parameters; /* accept every parameter of the music as an option */
    int argc;
    char **argv;       /* argv[0]: the command */
    int next;          /* of argv, minus one */
    bool operands;     /* after "--" */
    const char *name;  /* the option as it was typed, without its value */
    const char *value; /* its value, or the operand; NULL if it takes none */
    char typed[64];
};

/* The next option's id, or one of the codes above. */
int options_next(struct options *options);

/* Prints the table, aligned, with the parameters of the music after it where they are accepted. */
void options_help(const struct option_info *table, size_t count, bool parameters, FILE *to);

/* "auralis COMMAND: message" on stderr, with where to look; EXIT_BAD_INPUT. */
int refuse(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what went wrong outside; EXIT_FAILED. */
int fail(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "90", "1:30", "1:02:03", "10m", "1h30m", "2.5s" → nanoseconds. False for anything else and above 100 years.
 */
bool parse_time(const char *text, uint64_t *nanoseconds);
#define TIME_ALLOWED "a time like 90, 30s, 10m, 1h30m or 1:30, at most 100 years"

/* The frame nearest to a time. */
uint64_t time_frames(uint64_t nanoseconds, uint32_t rate);

#endif
