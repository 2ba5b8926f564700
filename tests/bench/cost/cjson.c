#include "bench.h"

#include <cJSON.h>

static cJSON *numbers(long n)
{
	cJSON *a = cJSON_CreateArray();

	for (long i = 0; i < n; i++)
		cJSON_AddItemToArray(a, cJSON_CreateNumber((double)(i * 7919 % 100000)));
	return a;
}

static cJSON *fields(long n)
{
	cJSON *o = cJSON_CreateObject();
	char key[32];

	for (long i = 0; i < n; i++) {
		snprintf(key, sizeof key, "k%ld", i);
		cJSON_AddItemToObject(o, key, cJSON_CreateNumber((double)i));
	}
	return o;
}

int main(void)
{
	BENCH(cJSON_Parse, 32768, char *s = cJSON_PrintUnformatted(numbers(n / 6));, { cJSON_Delete(cJSON_Parse(s)); })
	BENCH(cJSON_PrintUnformatted, 8192, cJSON *a = numbers(n);, { free(cJSON_PrintUnformatted(a)); })
	BENCH(cJSON_GetArraySize, 8192, cJSON *a = numbers(n);, { sink += cJSON_GetArraySize(a); })
	BENCH(cJSON_GetArrayItem, 8192, cJSON *a = numbers(n);, { sink += cJSON_GetArrayItem(a, (int)n - 1) != NULL; })
	BENCH(cJSON_GetObjectItem, 8192, cJSON *o = fields(n); char key[32]; snprintf(key, sizeof key, "k%ld", n - 1);,
		{ sink += cJSON_GetObjectItem(o, key) != NULL; })
	BENCH(cJSON_Duplicate, 8192, cJSON *a = numbers(n);, { cJSON_Delete(cJSON_Duplicate(a, 1)); })
	BENCH(cJSON_Compare, 512, cJSON *a = fields(n); cJSON *b = fields(n);, { sink += cJSON_Compare(a, b, 1); })
	BENCH(cJSON_Minify, 65536, char *s = text(n);, { s[n - 1] = ' '; cJSON_Minify(s); memset(s, 'a', (size_t)n - 1); })
	return 0;
}
