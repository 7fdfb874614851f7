/* main.c — the program: picks the command. */
#include <auralis/auralis.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "--version")) return printf("auralis %s\n", auralis_version()) < 0;
    fprintf(stderr, "usage: auralis COMMAND\n");
    return 2;
}
