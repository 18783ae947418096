/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A helper program of a test: started with pipes, tells its port on its first line, ends with its
 * input. */
#ifndef FORESCALE_TESTS_SERVER_H
#define FORESCALE_TESTS_SERVER_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct server {
    pid_t pid;
    int input; /* closing it ends the server */
    int port;
} server;

static inline server server_start(const char *script)
{
    int in[2], out[2];
    char line[16] = "";
    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    server s = {.pid = fork()};
    if (s.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        execlp("python3", "python3", script, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    ck_assert_int_gt((int)read(out[0], line, sizeof line - 1), 0);
    close(out[0]);
    s.input = in[1];
    s.port = atoi(line);
    ck_assert_int_gt(s.port, 0);
    return s;
}

static inline void server_stop(server *s)
{
    close(s->input);
    waitpid(s->pid, NULL, 0);
}

#endif
