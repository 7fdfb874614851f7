/* analyze_score.c — `auralis analyze --score`. */
#include "cli/analyze.h"
#include "cli/commands.h"

int analyze_score(const struct analyze_request *r) {
    (void)r;
    return fail("analyze", "--score is still to come");
}
