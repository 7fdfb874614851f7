/* row.c — were the messages on time? (see row.h) */
#include "load/row.h"

#include "base/monotonic.h"

void row_begin(struct row *row, uint32_t rate, uint64_t burst) {
    *row = (struct row){.rate = rate, .steady_from = burst};
}

static void lay(struct row *row) {
    row->anchor = row->kept[0];
    for (int i = 1; i < ROW_LAID_BY; i++)
        if (row->kept[i] < row->anchor) row->anchor = row->kept[i];
}

int row_take(struct row *row, uint64_t position, int64_t at, int64_t late[ROW_LAID_BY]) {
    if (position < row->steady_from) return 0;
    int64_t origin = at - monotonic_span(position, row->rate);
    if (row->count == ROW_LAID_BY) {
        late[0] = origin - row->anchor;
        return 1;
    }
    row->kept[row->count++] = origin;
    if (row->count < ROW_LAID_BY) return 0;
    lay(row);
    for (int i = 0; i < ROW_LAID_BY; i++) late[i] = row->kept[i] - row->anchor;
    return ROW_LAID_BY;
}

void row_shift(struct row *row, uint64_t position, int64_t ns) {
    if (row->count < ROW_LAID_BY) {
        row_restart(row, position);
    } else {
        row->anchor -= ns;
    }
    uint64_t burst = ns > 0 ? monotonic_frames(ns, row->rate) + 1 : 0;
    if (row->steady_from < position + burst) row->steady_from = position + burst;
}

void row_restart(struct row *row, uint64_t position) {
    row->count = 0;
    if (row->steady_from < position) row->steady_from = position;
}
