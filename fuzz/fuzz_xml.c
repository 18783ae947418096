/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader of cloud answers: one root, or a reason. */
#include "fuzz/fuzz.h"

#include "forescale/xml.h"

static fsc_status one(const char *text, size_t n, fsc_arena *a, fsc_err *err)
{
    const fsc_node *root;
    FSC_TRY(fsc_xml_parse(&root, text, n, a, err));
    if (root->kind != FSC_NODE_MAP || root->n != 1)
        abort();
    return FSC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_run(one, data, n);
}
