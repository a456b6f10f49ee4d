/* cut_xml.h - lists that are XML: read without network, entities or surprises in depth. */
#ifndef INTERCHANGE_CUT_XML_H
#define INTERCHANGE_CUT_XML_H

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stddef.h>
#include <stdint.h>

#include "cut_list.h"

/* *out goes to xmlFreeDoc(). SPN_EFORMAT: not well-formed, with its line. */
int cut_xml_parse(const char *text, size_t size, xmlDoc **out, struct spn_error *err);

/* The local name of a document's element at the top, without reading more than that; 0: none. */
int cut_xml_root(const char *text, size_t size, char out[64]);

int cut_xml_is(const xmlNode *node, const char *name); /* an element of this local name */
const xmlNode *cut_xml_child(const xmlNode *node, const char *name); /* the first, or NULL */
const xmlNode *cut_xml_next(const xmlNode *node, const char *name);  /* the next sibling, or NULL */
/* The text in an element, without blanks around it; 0 where it is missing, too long or not text. */
int cut_xml_text(const xmlNode *node, char out[CUT_TEXT_MAX]);
int cut_xml_attribute(const xmlNode *node, const char *name, char out[CUT_TEXT_MAX]);
/* A whole number of at most 18 digits in an element; 0 where there is none. */
int cut_xml_number(const xmlNode *node, int64_t *out);
size_t cut_xml_line(const xmlNode *node);

#endif
