/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/json.h"
#include "forescale/xml.h"
#include "tests/unit/suite.h"

#include <string.h>

static const fsc_node *parse(const char *text)
{
    const fsc_node *n;
    OK(fsc_xml_parse(&n, text, strlen(text), arena, &err));
    return n;
}

START_TEST(elements_become_maps_and_text_becomes_scalars)
{
    const fsc_node *n = parse("<?xml version=\"1.0\"?>\n<a xmlns=\"urn:x\"><b k=\"1\">one &amp; "
                              "two</b><x:c><d/></x:c><b>three</b></a>");
    const fsc_node *top = fsc_node_at(n, "a", NULL);
    ck_assert_uint_eq(top->n, 3);
    ck_assert_str_eq(fsc_node_text(fsc_node_at(top, "b", NULL), ""), "one & two");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(top, "c", "d", NULL), "?"), "");
    ck_assert_str_eq(top->pairs[2].value->scalar, "three");
}
END_TEST

START_TEST(what_is_no_xml_is_refused)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "<a>",
                                      "<a></b>",
                                      "<a/><b/>",
                                      "<a>&none;</a>",
                                      "<!DOCTYPE a [<!ENTITY x \"yyyy\">]><a>&x;</a>"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const fsc_node *n;
        ck_assert_int_eq(fsc_xml_parse(&n, bad[i], strlen(bad[i]), arena, &err), FSC_DATA);
        ck_assert_msg(strstr(err.msg, "XML") != NULL, "%s: %s", bad[i], err.msg);
    }
}
END_TEST

START_TEST(nesting_is_bounded)
{
    char text[3 * 65 + 4 * 65 + 1] = "";
    const fsc_node *n;
    for (int depth = 64; depth <= 65; depth++) {
        char *p = text;
        for (int i = 0; i < depth; i++, p += 3)
            memcpy(p, "<a>", 3);
        for (int i = 0; i < depth; i++, p += 4)
            memcpy(p, "</a>", 4);
        ck_assert_int_eq(fsc_xml_parse(&n, text, (size_t)(p - text), arena, &err),
                         depth == 64 ? FSC_OK : FSC_DATA);
    }
    ck_assert_str_eq(err.msg, "XML nests deeper than 64");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, elements_become_maps_and_text_becomes_scalars);
    tcase_add_test(t, what_is_no_xml_is_refused);
    tcase_add_test(t, nesting_is_bounded);
}

int main(void)
{
    return run_suite("xml", add);
}
