/* cut_xml.c - the few things that readers of XML lists ask libxml2 for. */
#include "cut_xml.h"

#include <string.h>

int cut_xml_parse(const char *text, size_t size, xmlDoc **out, struct spn_error *err)
{
    /* no XML_PARSE_NOENT, no XML_PARSE_HUGE: entities stay unread, depth and names stay bounded */
    xmlParserCtxt *context = xmlNewParserCtxt();
    int ret = SPN_OK;

    *out = NULL;
    if (!context)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the list");
    *out = xmlCtxtReadMemory(context, text, (int)size, NULL, NULL,
                             XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                 XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
    if (!*out || !xmlDocGetRootElement(*out)) {
        const char *why = context->lastError.message ? context->lastError.message : "it is empty";
        size_t length = strcspn(why, "\n");

        ret = spn_error_set(err, SPN_EFORMAT, "line %d: this is not well-formed XML: %.*s",
                            context->lastError.line, (int)(length > 300 ? 300 : length), why);
        xmlFreeDoc(*out);
        *out = NULL;
    }
    xmlFreeParserCtxt(context);
    return ret;
}

/* What follows a comment, an instruction or a declaration, NULL where it does not end. */
static const char *passed(const char *p, const char *end)
{
    int brackets = 0;

    if (end - p >= 4 && memcmp(p, "<!--", 4) == 0) {
        p = memmem(p + 4, (size_t)(end - p - 4), "-->", 3);
        return p ? p + 3 : NULL;
    }
    if (p[1] == '?') {
        p = memmem(p, (size_t)(end - p), "?>", 2);
        return p ? p + 2 : NULL;
    }
    for (; p < end; p++) {
        brackets += (*p == '[') - (*p == ']');
        if (*p == '>' && brackets <= 0)
            return p + 1;
    }
    return NULL;
}

int cut_xml_root(const char *text, size_t size, char out[64])
{
    const char *p = text, *end = text + size;
    size_t n = 0;

    out[0] = '\0';
    while (p && p + 1 < end) {
        if (*p != '<') {
            p++;
        } else if (p[1] == '!' || p[1] == '?') {
            p = passed(p, end);
        } else {
            for (p++; p < end && !strchr(" \t\r\n/>", *p) && n + 1 < 64; p++) {
                if (*p == ':')
                    n = 0; /* that was a prefix */
                else
                    out[n++] = *p;
            }
            out[n] = '\0';
            return n > 0;
        }
    }
    return 0;
}

int cut_xml_is(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *from(const xmlNode *node, const char *name)
{
    for (; node; node = node->next)
        if (name ? cut_xml_is(node, name) : node->type == XML_ELEMENT_NODE)
            return node;
    return NULL;
}

const xmlNode *cut_xml_child(const xmlNode *node, const char *name)
{
    return node ? from(node->children, name) : NULL;
}

const xmlNode *cut_xml_next(const xmlNode *node, const char *name)
{
    return node ? from(node->next, name) : NULL;
}

static int take(xmlChar *text, char out[CUT_TEXT_MAX])
{
    const char *p = (const char *)text;
    size_t length;
    int good;

    out[0] = '\0';
    if (!text)
        return 0;
    p += strspn(p, " \t\r\n");
    length = strlen(p);
    while (length > 0 && strchr(" \t\r\n", p[length - 1]))
        length--;
    good = length < CUT_TEXT_MAX && cut_text(out, p, length);
    xmlFree(text);
    return good;
}

int cut_xml_text(const xmlNode *node, char out[CUT_TEXT_MAX])
{
    out[0] = '\0';
    return node && take(xmlNodeGetContent(node), out);
}

int cut_xml_attribute(const xmlNode *node, const char *name, char out[CUT_TEXT_MAX])
{
    out[0] = '\0';
    return node && take(xmlGetNoNsProp(node, (const xmlChar *)name), out);
}

int cut_xml_number(const xmlNode *node, int64_t *out)
{
    char text[CUT_TEXT_MAX];
    size_t length;

    if (!cut_xml_text(node, text))
        return 0;
    length = strlen(text);
    if (length == 0 || length > 18 || strspn(text, "0123456789") != length)
        return 0;
    *out = 0;
    for (size_t i = 0; i < length; i++)
        *out = *out * 10 + (text[i] - '0');
    return 1;
}

size_t cut_xml_line(const xmlNode *node)
{
    long line = node ? xmlGetLineNo(node) : 0;

    return line > 0 ? (size_t)line : 0;
}
