/* command_queue.c — what event loops ask of a render worker (see command_queue.h).
 *
 * A cell at place p is free for the writer of turn t (t mod capacity = p) while its sequence is t, holds that
 * writer's command when it is t + 1, and is free for the next round at t + capacity. */
#include "stream/command_queue.h"

#include <stdlib.h>

struct command_cell {
    _Atomic size_t sequence;
    struct command command;
};

bool command_queue_init(struct command_queue *queue, size_t capacity) {
    queue->cells = calloc(capacity, sizeof *queue->cells);
    queue->capacity = capacity;
    for (size_t i = 0; queue->cells && i < capacity; i++) atomic_init(&queue->cells[i].sequence, i);
    return queue->cells != NULL;
}

void command_queue_release(struct command_queue *queue) {
    free(queue->cells);
}

bool command_queue_push(struct command_queue *queue, const struct command *command) {
    size_t turn = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    for (;;) {
        struct command_cell *cell = &queue->cells[turn & (queue->capacity - 1)];
        ptrdiff_t ahead = (ptrdiff_t)(atomic_load_explicit(&cell->sequence, memory_order_acquire) - turn);
        if (ahead < 0) return false;
        if (ahead > 0) {
            turn = atomic_load_explicit(&queue->tail, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&queue->tail, &turn, turn + 1, memory_order_relaxed,
                                                         memory_order_relaxed)) {
            cell->command = *command;
            atomic_store_explicit(&cell->sequence, turn + 1, memory_order_release);
            return true;
        }
    }
}

bool command_queue_pop(struct command_queue *queue, struct command *command) {
    struct command_cell *cell = &queue->cells[queue->head & (queue->capacity - 1)];
    if (atomic_load_explicit(&cell->sequence, memory_order_acquire) != queue->head + 1) return false;
    *command = cell->command;
    atomic_store_explicit(&cell->sequence, queue->head + queue->capacity, memory_order_release);
    queue->head++;
    return true;
}
