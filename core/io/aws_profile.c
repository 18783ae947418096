/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shared files of AWS's tools: sections in brackets, "key = value", indented lines nested. */
#include "aws_login.h"
#include "forescale/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 1 << 20 };

typedef struct shared_file {
    const char *env, *below_home;
    const char *section_prefix; /* of every profile but "default" */
} shared_file;
static const shared_file files[] = {
    {"AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials", ""},
    {"AWS_CONFIG_FILE", "/.aws/config", "profile "},
};

const char *fsc__aws_env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

const char *fsc__aws_profile_name(void)
{
    const char *name = fsc__aws_env("AWS_PROFILE");
    return name ? name : "default";
}

static void trim(const char **p, size_t *n)
{
    while (*n && (unsigned char)**p <= ' ') {
        ++*p;
        --*n;
    }
    while (*n && (unsigned char)(*p)[*n - 1] <= ' ')
        --*n;
}

static bool equals(const char *p, size_t n, const char *text)
{
    return strlen(text) == n && !memcmp(p, text, n);
}

static bool is_section(const char *p, size_t n, const shared_file *f, const char *profile)
{
    size_t prefix = strlen(f->section_prefix);
    if (equals(p, n, profile) && (!prefix || !strcmp(profile, "default")))
        return true;
    if (!prefix || n < prefix || memcmp(p, f->section_prefix, prefix))
        return false;
    p += prefix;
    n -= prefix;
    trim(&p, &n);
    return equals(p, n, profile);
}

/* One line; *inside tells whether it stands in the profile's section. True: the key's value. */
static bool read_line(const char **value, size_t *value_n, const char *line, size_t n, bool *inside,
                      const shared_file *f, const char *profile, const char *key)
{
    bool nested = n && (*line == ' ' || *line == '\t');
    trim(&line, &n);
    if (!n || *line == '#' || *line == ';')
        return false;
    if (*line == '[') {
        const char *end = memchr(line, ']', n), *name = line + 1;
        size_t name_n = end ? (size_t)(end - name) : n - 1;
        trim(&name, &name_n);
        *inside = is_section(name, name_n, f, profile);
        return false;
    }
    const char *sign = memchr(line, '=', n);
    if (!*inside || nested || !sign)
        return false;
    size_t key_n = (size_t)(sign - line);
    *value = sign + 1;
    *value_n = n - key_n - 1;
    trim(&line, &key_n);
    trim(value, value_n);
    return equals(line, key_n, key);
}

static fsc_status find(const char **out, const char *text, size_t n, const shared_file *f,
                       const char *key, fsc_arena *a, fsc_err *err)
{
    bool inside = false;
    for (const char *line = text, *end = text + n; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t length = stop ? (size_t)(stop - line) : (size_t)(end - line), value_n = 0;
        const char *value = NULL;
        if (read_line(&value, &value_n, line, length, &inside, f, fsc__aws_profile_name(), key)) {
            *out = fsc_arena_strndup(a, value, value_n, err);
            return *out ? FSC_OK : FSC_NOMEM;
        }
        line += length + 1;
    }
    return FSC_OK;
}

fsc_status fsc__aws_profile_get(const char **out, const char *key, fsc_arena *a, fsc_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && !*out; i++) {
        const char *text, *path = fsc__aws_env(files[i].env), *home = fsc__aws_env("HOME");
        size_t n;
        if (!path && home) {
            path = fsc_arena_printf(a, err, "%s%s", home, files[i].below_home);
            if (!path)
                return FSC_NOMEM;
        }
        if (!path || access(path, F_OK) != 0)
            continue;
        FSC_TRY(fsc_file_read(&text, &n, path, MAX_FILE_BYTES, a, err));
        FSC_TRY(find(out, text, n, &files[i], key, a, err));
    }
    return FSC_OK;
}
