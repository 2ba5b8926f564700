/* facts_int.h - what export.c, query.c and house.c share. */
#ifndef TVT_FACTS_INT_H
#define TVT_FACTS_INT_H

#include "store/sql.h"
#include "store/store.h"

/* Makes and fills the tables. 0, or -1 after error(). */
int facts_export(sqlite3 *db, const struct facts_in *in);

#endif
