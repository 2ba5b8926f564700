//: --all
/* What a header defines is lowered if it is reached, or if other units see it. */
#include "headers.h"

int used_by_main(void)
{
	return called(1) + counter + (pointed != 0);
}

int (*hook)(int) = by_address;
