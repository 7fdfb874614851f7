/* store.c — the file that the server remembers in (see store.h).
 *
 * The journal is a write-ahead log with a sync at every commit; that is what makes a kill at any moment
 * harmless (sqlite.org/wal.html, PRAGMA synchronous=FULL). One lock lies over the file and may be held for as
 * long as a disk takes; another one over what is in memory, which nobody holds for long. Opening checks the
 * whole file: it is small, and damage is better found at the start than in the middle of a list. The journal
 * goes into the file every 16 pages and so stays small: on a small disk it must not be what fills it. */
#include "server/store.h"
#include "server/shelf.h"

#include <auralis/error.h>

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SCHEMA_VERSION = 2, BUSY_MS = 5000, PATH_SIZE = 1200 };

struct store {
    pthread_mutex_t disk; /* of the file; taken before `lock` */
    sqlite3 *db;
    pthread_mutex_t lock; /* of what is in memory */
    struct shelf shelf[STORE_TABLES];
    int mode; /* enum store_mode */
    char path[PATH_SIZE];
    void (*log)(void *self, const char *text);
    void *self;
};

static void log_to_stderr(void *self, const char *text) {
    (void)self;
    fprintf(stderr, "auralis: %s\n", text);
}

static void say(const struct store *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct store *s, const char *format, ...) {
    char text[2 * PATH_SIZE + 512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->log(s->self, text);
}

void store_say(const struct store *s, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say(s, "%s: %s", s->path, text);
}

/* Makes the folder and those above it, for the user alone. 0 or an errno value. */
static int make_folders(const char *path) {
    char part[PATH_SIZE];
    size_t length = strlen(path);
    if (length >= sizeof part) return ENAMETOOLONG;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i]) continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0700) && errno != EEXIST) return errno;
    }
    struct stat info;
    if (stat(path, &info)) return errno;
    return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
}

/* The path of the file into s->path; false when it is to be in memory. */
static bool find_path(struct store *s, const char *directory) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char folder[PATH_SIZE - 16];
    int length;
    if (directory && *directory)
        length = snprintf(folder, sizeof folder, "%s", directory);
    else if (state && *state == '/')
        length = snprintf(folder, sizeof folder, "%s/auralis", state);
    else if (home && *home == '/')
        length = snprintf(folder, sizeof folder, "%s/.local/state/auralis", home);
    else
        return say(s, "neither XDG_STATE_HOME nor HOME is set: what is saved is kept in memory only"), false;
    if (!strcmp(folder, ":memory:")) return false;
    int error = length < (int)sizeof folder ? make_folders(folder) : ENAMETOOLONG;
    snprintf(s->path, sizeof s->path, "%s/auralis.db", folder);
    if (!error) return true;
    say(s, "%s: %s: what is saved is kept in memory only", folder, strerror(error));
    return false;
}

static int run(sqlite3 *db, const char *sql) {
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* The first column of the first row of a query: 0 where there is none. */
static int read_number(sqlite3 *db, const char *sql, int *out) {
    sqlite3_stmt *query = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &query, NULL);
    *out = 0;
    if (result == SQLITE_OK && (result = sqlite3_step(query)) == SQLITE_ROW)
        *out = sqlite3_column_int(query, 0);
    int finished = sqlite3_finalize(query);
    return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : finished ? finished : result;
}

/* SQLITE_CORRUPT when the file does not hold together. */
static int check_whole(sqlite3 *db) {
    sqlite3_stmt *query = NULL;
    int result = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &query, NULL);
    if (result == SQLITE_OK) result = sqlite3_step(query);
    if (result == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(query, 0);
        result = text && !strcmp(text, "ok") ? SQLITE_OK : SQLITE_CORRUPT;
    }
    sqlite3_finalize(query);
    return result;
}

static int make_tables(sqlite3 *db) {
    int result = run(db, "BEGIN IMMEDIATE");
    if (result == SQLITE_OK)
        result = run(db, "CREATE TABLE IF NOT EXISTS presets ("
                         "name TEXT PRIMARY KEY NOT NULL, parameters TEXT NOT NULL, saved INTEGER NOT NULL)");
    if (result == SQLITE_OK)
        result = run(db, "CREATE TABLE IF NOT EXISTS stations ("
                         "name TEXT PRIMARY KEY NOT NULL, definition TEXT NOT NULL, saved INTEGER NOT NULL)");
    if (result == SQLITE_OK) result = run(db, "PRAGMA user_version = 2");
    if (result == SQLITE_OK) result = run(db, "COMMIT");
    if (result != SQLITE_OK && !sqlite3_get_autocommit(db)) run(db, "ROLLBACK");
    return result;
}

enum { TOO_NEW = -1 };

/* Opens one file: a result of SQLite, or TOO_NEW. On failure nothing stays open. */
static int open_file(const char *path, sqlite3 **out) {
    sqlite3 *db = NULL;
    int version = 0;
    int result =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
    if (result == SQLITE_OK) sqlite3_busy_timeout(db, BUSY_MS);
    if (result == SQLITE_OK) result = check_whole(db);
    if (result == SQLITE_OK) result = read_number(db, "PRAGMA user_version", &version);
    if (result == SQLITE_OK && version > SCHEMA_VERSION) result = TOO_NEW;
    if (result == SQLITE_OK)
        result =
            run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16");
    if (result == SQLITE_OK && version < SCHEMA_VERSION) result = make_tables(db);
    if (result == SQLITE_OK) {
        *out = db;
        return SQLITE_OK;
    }
    sqlite3_close(db);
    return result == TOO_NEW ? result : result & 0xff; /* without SQLite's finer distinctions */
}

/* Puts the damaged file and its journal under another name. False when even that cannot be done. */
static bool move_aside(const struct store *s) {
    static const char *const parts[] = {"", "-wal", "-shm"};
    char stamp[32], from[PATH_SIZE + 8], to[PATH_SIZE + 64];
    struct tm now;
    time_t seconds = time(NULL);
    gmtime_r(&seconds, &now);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &now);
    for (int i = 0; i < 3; i++) {
        snprintf(from, sizeof from, "%s%s", s->path, parts[i]);
        snprintf(to, sizeof to, "%s.damaged-%s%s", s->path, stamp, parts[i]);
        if (rename(from, to) && (i == 0 || errno != ENOENT))
            return say(s, "cannot move %s aside: %s", from, strerror(errno)), false;
    }
    say(s, "%s is damaged and was moved to %s.damaged-%s; a new, empty one takes its place", s->path, s->path,
        stamp);
    return true;
}

static int copy_table(struct store *s, const char *sql) {
    return run(s->db, sql) == SQLITE_OK ? sqlite3_changes(s->db) : 0;
}

/* Copies what the file holds into memory, opened as `how` says; false when that cannot be read. */
static bool copy_file(struct store *s, const char *how) {
    char *address = sqlite3_mprintf("file:%s?%s", s->path, how);
    bool copied = false;
    sqlite3_stmt *attach = NULL;
    if (address && sqlite3_prepare_v2(s->db, "ATTACH ? AS old", -1, &attach, NULL) == SQLITE_OK) {
        sqlite3_bind_text(attach, 1, address, -1, SQLITE_STATIC);
        int version = 0;
        if (sqlite3_step(attach) == SQLITE_DONE && !read_number(s->db, "PRAGMA old.user_version", &version)) {
            copied = true;
            int presets =
                copy_table(s, "INSERT INTO main.presets SELECT name, parameters, saved FROM old.presets");
            int stations =
                copy_table(s, "INSERT INTO main.stations SELECT name, definition, saved FROM old.stations");
            say(s, "the %d presets and %d stations in %s can be used", presets, stations, s->path);
        }
    }
    sqlite3_finalize(attach);
    run(s->db, "DETACH old");
    sqlite3_free(address);
    return copied;
}

/* What a file that cannot be written to holds is still there to load: with what a crash left in its journal,
 * or, where there is none and none can be made, as it lies there. */
static void copy_from(struct store *s) {
    if (!copy_file(s, "mode=ro")) copy_file(s, "mode=ro&immutable=1");
}

static int open_memory(struct store *s, bool copy) {
    int result = sqlite3_open_v2(
        ":memory:", &s->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_URI, NULL);
    if (result == SQLITE_OK) result = make_tables(s->db);
    if (result != SQLITE_OK) return AURALIS_ENOMEM;
    if (copy) copy_from(s);
    snprintf(s->path, sizeof s->path, ":memory:");
    return AURALIS_OK;
}

static int open_store(struct store *s, const char *directory) {
    if (!find_path(s, directory)) return open_memory(s, false);
    int result = open_file(s->path, &s->db);
    if ((result == SQLITE_CORRUPT || result == SQLITE_NOTADB) && move_aside(s))
        result = open_file(s->path, &s->db);
    if (result == SQLITE_OK) {
        s->mode = sqlite3_db_readonly(s->db, "main") ? STORE_READ_ONLY : STORE_KEPT;
        if (s->mode == STORE_READ_ONLY)
            say(s, "%s can only be read: what is in it can be used, and nothing can be saved", s->path);
        return AURALIS_OK;
    }
    if (result == TOO_NEW)
        say(s, "%s was written by a newer auralis and is left alone: what is saved is kept in memory only",
            s->path);
    else
        say(s, "%s: %s: what is saved is kept in memory only", s->path, sqlite3_errstr(result));
    return open_memory(s, result != TOO_NEW);
}

static const struct {
    const char *update, *count, *insert, *remove, *all, *what;
} TABLES[STORE_TABLES] = {
#define TABLE(name, text)                                                                                    \
    {                                                                                                        \
        "UPDATE " name " SET " text " = ?2, saved = unixepoch() WHERE name = ?1",                            \
            "SELECT count(*) FROM " name, "INSERT INTO " name " VALUES (?1, ?2, unixepoch())",               \
            "DELETE FROM " name " WHERE name = ?1", "SELECT name, " text " FROM " name, name                 \
    }
    [STORE_PRESETS] = TABLE("presets", "parameters"), [STORE_STATIONS] = TABLE("stations", "definition")
#undef TABLE
};

/* Rows that cannot be read are left out, and said. */
static int read_table(struct store *s, int table) {
    sqlite3_stmt *query = NULL;
    int result = sqlite3_prepare_v2(s->db, TABLES[table].all, -1, &query, NULL);
    if (result == SQLITE_OK)
        while ((result = sqlite3_step(query)) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(query, 0);
            const char *text = (const char *)sqlite3_column_text(query, 1);
            if (!name) continue;
            struct shelf_row *row = shelf_make(name, text ? text : "");
            if (!row) break;
            shelf_put(&s->shelf[table], row);
        }
    sqlite3_finalize(query);
    if (result == SQLITE_ROW) return AURALIS_ENOMEM;
    if (result != SQLITE_DONE)
        store_say(s, "not all of the %s can be read: %s", TABLES[table].what, sqlite3_errmsg(s->db));
    return AURALIS_OK;
}

int store_open(const struct store_config *config, struct store **out) {
    struct store *s = calloc(1, sizeof *s);
    if (!s) return AURALIS_ENOMEM;
    s->log = config && config->log ? config->log : log_to_stderr;
    s->self = config ? config->self : NULL;
    pthread_mutex_init(&s->disk, NULL);
    pthread_mutex_init(&s->lock, NULL);
    int result = open_store(s, config ? config->directory : NULL);
    for (int table = 0; result == 0 && table < STORE_TABLES; table++) result = read_table(s, table);
    if (result < 0) {
        store_close(s);
        return result;
    }
    *out = s;
    return AURALIS_OK;
}

void store_close(struct store *s) {
    if (!s) return;
    for (int table = 0; table < STORE_TABLES; table++) shelf_clear(&s->shelf[table]);
    sqlite3_close(s->db);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->disk);
    free(s);
}

int store_mode(const struct store *s) {
    return s->mode;
}

bool store_kept(const struct store *s) {
    return s->mode == STORE_KEPT;
}

const char *store_path(const struct store *s) {
    return s->path;
}

/* Rows ------------------------------------------------------------------------------------------------- */

static int refuse_storage(const struct store *s, struct refusal *why) {
    store_say(s, "%s", sqlite3_errmsg(s->db));
    return refuse_with(why, REFUSAL_STORAGE, NULL, "the server's file cannot be used: %s",
                       sqlite3_errmsg(s->db));
}

/* Runs one statement with up to two texts; its last result. `changes` (may be NULL): rows it changed. */
static int change(struct store *s, const char *sql, const char *one, const char *two, int *changes) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, one, -1, SQLITE_STATIC);
        if (two) sqlite3_bind_text(statement, 2, two, -1, SQLITE_STATIC);
        result = sqlite3_step(statement);
        if (changes) *changes = sqlite3_changes(s->db);
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* Within a transaction: 1 new, 0 replaced, or below. */
static int put_row(struct store *s, int table, const char *name, const char *text, int most,
                   struct refusal *why) {
    int replaced = 0, count = 0;
    if (change(s, TABLES[table].update, name, text, &replaced)) return refuse_storage(s, why);
    if (replaced) return 0;
    if (read_number(s->db, TABLES[table].count, &count)) return refuse_storage(s, why);
    if (count >= most)
        return refuse_with(why, REFUSAL_CONFLICT, NULL, "there are %d %s already, which is all that are kept",
                           most, TABLES[table].what);
    if (change(s, TABLES[table].insert, name, text, NULL)) return refuse_storage(s, why);
    return 1;
}

static int put(struct store *s, int table, const char *name, const char *text, int most,
               struct refusal *why) {
    if (run(s->db, "BEGIN IMMEDIATE")) return refuse_storage(s, why);
    int result = put_row(s, table, name, text, most, why);
    if (result >= 0 && run(s->db, "COMMIT")) result = refuse_storage(s, why);
    if (result < 0 && !sqlite3_get_autocommit(s->db)) run(s->db, "ROLLBACK");
    return result;
}

int store_put(struct store *s, int table, const char *name, const char *text, int most, struct refusal *why) {
    struct shelf_row *row = shelf_make(name, text);
    if (!row) return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
    pthread_mutex_lock(&s->disk);
    int result = put(s, table, name, text, most, why);
    if (result >= 0) {
        pthread_mutex_lock(&s->lock);
        shelf_put(&s->shelf[table], row);
        pthread_mutex_unlock(&s->lock);
    } else {
        free(row);
    }
    pthread_mutex_unlock(&s->disk);
    return result;
}

int store_get(struct store *s, int table, const char *name, char **out, struct refusal *why) {
    pthread_mutex_lock(&s->lock);
    const char *text = shelf_find(&s->shelf[table], name);
    *out = text ? strdup(text) : NULL;
    pthread_mutex_unlock(&s->lock);
    if (!text) return -REFUSAL_NOT_FOUND;
    return *out ? 0 : refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
}

int store_remove(struct store *s, int table, const char *name, struct refusal *why) {
    int changes = 0;
    pthread_mutex_lock(&s->disk);
    int result = change(s, TABLES[table].remove, name, NULL, &changes);
    if (result == SQLITE_OK) {
        pthread_mutex_lock(&s->lock);
        shelf_remove(&s->shelf[table], name);
        pthread_mutex_unlock(&s->lock);
    }
    result = result ? refuse_storage(s, why) : changes ? 0 : -REFUSAL_NOT_FOUND;
    pthread_mutex_unlock(&s->disk);
    return result;
}

void store_each(struct store *s, int table, void (*take)(void *self, const char *name, const char *text),
                void *self) {
    pthread_mutex_lock(&s->lock);
    for (const struct shelf_row *row = s->shelf[table].first; row; row = row->next)
        take(self, row->name, row->text);
    pthread_mutex_unlock(&s->lock);
}
