/* yaml.h - a YAML document as a small tree with places. Only for this folder. */
#ifndef TVT_YAML_H
#define TVT_YAML_H

#include "base/base.h"

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };
struct node {
	enum node_kind kind;
	uint32_t line, col; /* 1-based; columns in characters, as editors count */
	const char *text;   /* NODE_SCALAR */
	bool plain;	    /* NODE_SCALAR: without quotes */
	struct node **key;  /* NODE_MAP: scalars */
	struct node **val;  /* NODE_MAP, NODE_LIST */
	uint32_t n;
};
/* 0 and a tree in a (*root NULL: an empty document), or -1 after error("file:line:col: ..."). Anchors, aliases, tags
 * and further documents are refused: a settings file needs none, and expanding them is how YAML bombs work. */
int yaml_tree(const char *file, const char *text, size_t size, struct arena *a, struct node **root);

#endif
