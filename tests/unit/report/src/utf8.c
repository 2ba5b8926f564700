/* compteur de requêtes */
#include <pthread.h>
static long hits; /* €😀 */

void *worker(void *arg)
{
	puts("réseau 😀");	hits++;
	return arg;
}
/* caf� is Latin-1 */ int y = hits;
