/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a target over files, where libFuzzer is not: the corpora are tests. */
#include "fuzz/fuzz.h"

#include <stdio.h>

enum { INPUT_BYTES = 1 << 20 };

int main(int argc, char **argv)
{
    static uint8_t bytes[INPUT_BYTES];
    if (argc < 2) {
        (void)fprintf(stderr, "no inputs\n");
        return EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        size_t n = fread(bytes, 1, sizeof bytes, f);
        (void)fclose(f);
        (void)LLVMFuzzerTestOneInput(bytes, n);
    }
    (void)printf("100%%: Checks: %d, Failures: 0, Errors: 0\n", argc - 1);
    return EXIT_SUCCESS;
}
