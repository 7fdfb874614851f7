/* preset_store.c — the presets that users save (see preset_store.h).
 *
 * A preset is a row of name and parameters as JSON, so that a new parameter needs no new column: what a row
 * does not name has its default. The journal is a write-ahead log with a sync at every commit; that is what
 * makes a kill at any moment harmless (sqlite.org/wal.html, PRAGMA synchronous=FULL). Opening checks the
 * whole file: it is small, and damage is better found at the start than in the middle of a list. */
#include "server/preset_store.h"
#include "base/text.h"
#include "server/parameters_json.h"

#include <auralis/presets.h>

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

enum { SCHEMA_VERSION = 1, BUSY_MS = 2000, PATH_SIZE = 1200 };

struct preset_store {
    pthread_mutex_t lock;
    sqlite3 *db;
    bool kept;
    char path[PATH_SIZE];
    void (*log)(void *self, const char *text);
    void *self;
};

static void log_to_stderr(void *self, const char *text) {
    (void)self;
    fprintf(stderr, "auralis: %s\n", text);
}

static void say(const struct preset_store *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct preset_store *s, const char *format, ...) {
    char text[2 * PATH_SIZE + 512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->log(s->self, text);
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
static bool find_path(struct preset_store *s, const char *directory) {
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
        return say(s, "neither XDG_STATE_HOME nor HOME is set: presets are kept in memory only"), false;
    if (!strcmp(folder, ":memory:")) return false;
    int error = length < (int)sizeof folder ? make_folders(folder) : ENAMETOOLONG;
    snprintf(s->path, sizeof s->path, "%s/auralis.db", folder);
    if (!error) return true;
    say(s, "%s: %s: presets are kept in memory only", folder, strerror(error));
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

static int make_table(sqlite3 *db) {
    int result = run(db, "BEGIN IMMEDIATE");
    if (result == SQLITE_OK)
        result = run(db, "CREATE TABLE IF NOT EXISTS presets ("
                         "name TEXT PRIMARY KEY NOT NULL, parameters TEXT NOT NULL, saved INTEGER NOT NULL)");
    if (result == SQLITE_OK) result = run(db, "PRAGMA user_version = 1");
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
    if (result == SQLITE_OK) result = run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    if (result == SQLITE_OK) result = make_table(db);
    if (result == SQLITE_OK) {
        *out = db;
        return SQLITE_OK;
    }
    sqlite3_close(db);
    return result == TOO_NEW ? result : result & 0xff; /* without SQLite's finer distinctions */
}

/* Puts the damaged file and its journal under another name. False when even that cannot be done. */
static bool move_aside(const struct preset_store *s) {
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

/* What a file that cannot be written to holds is still there to load. */
static void copy_from(struct preset_store *s) {
    char *address = sqlite3_mprintf("file:%s?mode=ro&immutable=1", s->path);
    sqlite3_stmt *attach = NULL;
    if (address && sqlite3_prepare_v2(s->db, "ATTACH ? AS old", -1, &attach, NULL) == SQLITE_OK) {
        sqlite3_bind_text(attach, 1, address, -1, SQLITE_STATIC);
        if (sqlite3_step(attach) == SQLITE_DONE &&
            run(s->db, "INSERT INTO main.presets SELECT name, parameters, saved FROM old.presets") ==
                SQLITE_OK)
            say(s, "the %d presets in %s can be loaded", sqlite3_changes(s->db), s->path);
    }
    sqlite3_finalize(attach);
    run(s->db, "DETACH old");
    sqlite3_free(address);
}

static int open_memory(struct preset_store *s, bool copy) {
    int result = sqlite3_open_v2(
        ":memory:", &s->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_URI, NULL);
    if (result == SQLITE_OK) result = make_table(s->db);
    if (result != SQLITE_OK) return AURALIS_ENOMEM;
    if (copy) copy_from(s);
    snprintf(s->path, sizeof s->path, ":memory:");
    return AURALIS_OK;
}

static int open_store(struct preset_store *s, const char *directory) {
    if (!find_path(s, directory)) return open_memory(s, false);
    int result = open_file(s->path, &s->db);
    if ((result == SQLITE_CORRUPT || result == SQLITE_NOTADB) && move_aside(s))
        result = open_file(s->path, &s->db);
    if (result == SQLITE_OK) {
        s->kept = true;
        return AURALIS_OK;
    }
    if (result == TOO_NEW)
        say(s, "%s was written by a newer auralis and is left alone: presets are kept in memory only",
            s->path);
    else
        say(s, "%s: %s: presets are kept in memory only", s->path, sqlite3_errstr(result));
    return open_memory(s, result != TOO_NEW);
}

int preset_store_open(const struct preset_store_config *config, struct preset_store **out) {
    struct preset_store *s = calloc(1, sizeof *s);
    if (!s) return AURALIS_ENOMEM;
    s->log = config && config->log ? config->log : log_to_stderr;
    s->self = config ? config->self : NULL;
    pthread_mutex_init(&s->lock, NULL);
    int result = open_store(s, config ? config->directory : NULL);
    if (result < 0) {
        preset_store_close(s);
        return result;
    }
    *out = s;
    return AURALIS_OK;
}

void preset_store_close(struct preset_store *s) {
    if (!s) return;
    sqlite3_close(s->db);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

bool preset_store_kept(const struct preset_store *s) {
    return s->kept;
}

const char *preset_store_path(const struct preset_store *s) {
    return s->path;
}

static int refuse_name(struct refusal *why, const char *reason) {
    return refuse_with(why, REFUSAL_INVALID_VALUE, "name", "name must be 1 to %d characters%s",
                       PRESET_NAME_CHARACTERS, reason);
}

int preset_name_check(const char *name, struct refusal *why) {
    long length = utf8_length(name);
    uint32_t character = 0;
    if (length < 0) return refuse_name(why, " of UTF-8");
    if (length < 1 || length > PRESET_NAME_CHARACTERS) return refuse_name(why, "");
    for (const char *at = name; *at; at += utf8_next(at, &character)) {
        utf8_next(at, &character);
        if (character < 0x20 || (character >= 0x7f && character <= 0x9f))
            return refuse_name(why, " without control characters");
    }
    if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
        return refuse_name(why, ", none of them a space at an end");
    if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
        return refuse_name(why, ", none of them /, and not . or ..");
    if (auralis_preset_find(name))
        return refuse_with(why, REFUSAL_CONFLICT, "name", "\"%s\" is a built-in preset; take another name",
                           name);
    return 0;
}

static int refuse_storage(const struct preset_store *s, struct refusal *why) {
    say(s, "%s: %s", s->path, sqlite3_errmsg(s->db));
    return refuse_with(why, REFUSAL_STORAGE, NULL, "the preset file cannot be used: %s",
                       sqlite3_errmsg(s->db));
}

/* Runs one statement with up to two texts; its last result. `changes` (may be NULL): rows it changed. */
static int change(struct preset_store *s, const char *sql, const char *one, const char *two, int *changes) {
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
static int save_row(struct preset_store *s, const char *name, const char *text, struct refusal *why) {
    int replaced = 0, count = 0;
    if (change(s, "UPDATE presets SET parameters = ?2, saved = unixepoch() WHERE name = ?1", name, text,
               &replaced))
        return refuse_storage(s, why);
    if (replaced) return 0;
    if (read_number(s->db, "SELECT count(*) FROM presets", &count)) return refuse_storage(s, why);
    if (count >= PRESETS_MAX)
        return refuse_with(why, REFUSAL_CONFLICT, NULL,
                           "there are %d presets already, which is all that are kept", PRESETS_MAX);
    if (change(s, "INSERT INTO presets VALUES (?1, ?2, unixepoch())", name, text, NULL))
        return refuse_storage(s, why);
    return 1;
}

static int save_text(struct preset_store *s, const char *name, const char *text, struct refusal *why) {
    if (run(s->db, "BEGIN IMMEDIATE")) return refuse_storage(s, why);
    int result = save_row(s, name, text, why);
    if (result >= 0 && run(s->db, "COMMIT")) result = refuse_storage(s, why);
    if (result < 0 && !sqlite3_get_autocommit(s->db)) run(s->db, "ROLLBACK");
    return result;
}

int preset_store_save(struct preset_store *s, const char *name, const auralis_parameters *p,
                      struct refusal *why) {
    int result = preset_name_check(name, why);
    if (result < 0) return result;
    json_t *object = parameters_to_json(p);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    if (!text) return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
    pthread_mutex_lock(&s->lock);
    result = save_text(s, name, text, why);
    pthread_mutex_unlock(&s->lock);
    free(text);
    return result;
}

/* A row's parameters: what it does not name has its default. */
static int read_parameters(const struct preset_store *s, const char *name, const char *text,
                           auralis_parameters *out, struct refusal *why) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    auralis_parameter_set set;
    struct refusal reason = {.message = "it is no JSON object"};
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    int result = object ? parameters_from_json(object, &p, &set, &reason) : -1;
    json_decref(object);
    if (result == 0) {
        *out = p;
        return 0;
    }
    say(s, "%s: preset \"%s\" cannot be read: %s", s->path, name, reason.message);
    return refuse_with(why, REFUSAL_STORAGE, "name", "preset \"%.100s\" cannot be read: %.100s", name,
                       reason.message);
}

static int refuse_missing(struct refusal *why, const char *name) {
    return refuse_with(why, REFUSAL_NOT_FOUND, "name", "there is no preset \"%.200s\"", name);
}

static int load_row(struct preset_store *s, const char *name, auralis_parameters *out, struct refusal *why) {
    sqlite3_stmt *query = NULL;
    int found = sqlite3_prepare_v2(s->db, "SELECT parameters FROM presets WHERE name = ?1", -1, &query, NULL);
    int result;
    if (found == SQLITE_OK) {
        sqlite3_bind_text(query, 1, name, -1, SQLITE_STATIC);
        found = sqlite3_step(query);
    }
    if (found == SQLITE_ROW)
        result = read_parameters(s, name, (const char *)sqlite3_column_text(query, 0), out, why);
    else
        result = found == SQLITE_DONE ? refuse_missing(why, name) : refuse_storage(s, why);
    sqlite3_finalize(query);
    return result;
}

int preset_store_load(struct preset_store *s, const char *name, auralis_parameters *out,
                      struct refusal *why) {
    const auralis_preset *builtin = auralis_preset_find(name);
    if (builtin) {
        *out = builtin->parameters;
        return 0;
    }
    if (!s || utf8_length(name) < 1) return refuse_missing(why, name);
    pthread_mutex_lock(&s->lock);
    int result = load_row(s, name, out, why);
    pthread_mutex_unlock(&s->lock);
    return result;
}

int preset_store_delete(struct preset_store *s, const char *name, struct refusal *why) {
    int changes = 0;
    if (auralis_preset_find(name))
        return refuse_with(why, REFUSAL_CONFLICT, "name", "\"%s\" is built in and stays", name);
    if (!s) return refuse_missing(why, name);
    pthread_mutex_lock(&s->lock);
    int result = change(s, "DELETE FROM presets WHERE name = ?1", name, NULL, &changes);
    result = result ? refuse_storage(s, why) : changes ? 0 : refuse_missing(why, name);
    pthread_mutex_unlock(&s->lock);
    return result;
}

static json_t *preset_json(const char *name, const char *title, const char *help, bool builtin,
                           const auralis_parameters *p) {
    return json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", name, "title", title, "help", help, "builtin",
                     builtin, "parameters", parameters_to_json(p));
}

static json_t *builtin_json(const auralis_preset *preset) {
    return preset_json(preset->name, preset->title, preset->help, true, &preset->parameters);
}

/* Adds the user's; a row that cannot be read is said in the log and left out. */
static int list_rows(struct preset_store *s, json_t *list, struct refusal *why) {
    sqlite3_stmt *query = NULL;
    int result =
        sqlite3_prepare_v2(s->db, "SELECT name, parameters FROM presets ORDER BY name", -1, &query, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        auralis_parameters p;
        result = sqlite3_step(query);
        if (result != SQLITE_ROW) break;
        const char *name = (const char *)sqlite3_column_text(query, 0);
        if (name && read_parameters(s, name, (const char *)sqlite3_column_text(query, 1), &p, NULL) == 0)
            json_array_append_new(list, preset_json(name, name, "", false, &p));
    }
    sqlite3_finalize(query);
    return result == SQLITE_DONE ? 0 : refuse_storage(s, why);
}

json_t *preset_store_list(struct preset_store *s, struct refusal *why) {
    json_t *list = json_array();
    int result = 0;
    for (int i = 0; i < auralis_preset_count(); i++)
        json_array_append_new(list, builtin_json(auralis_preset_at(i)));
    if (s) {
        pthread_mutex_lock(&s->lock);
        result = list_rows(s, list, why);
        pthread_mutex_unlock(&s->lock);
    }
    if (result == 0) return list;
    json_decref(list);
    return NULL;
}

json_t *preset_store_get(struct preset_store *s, const char *name, struct refusal *why) {
    const auralis_preset *builtin = auralis_preset_find(name);
    auralis_parameters p;
    if (builtin) return builtin_json(builtin);
    if (preset_store_load(s, name, &p, why) < 0) return NULL;
    return preset_json(name, name, "", false, &p);
}
