/* main.c - keeps the notes that datagrams bring: NOTE text. PING is answered at once. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static sqlite3 *db;
static sqlite3_stmt *insert;
static char buffer[512];

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
	(void)h;
	(void)want;
	*buf = uv_buf_init(buffer, sizeof buffer - 1);
}

static void reply(uv_udp_t *server, const struct sockaddr *to, const char *text)
{
	uv_buf_t buf = uv_buf_init((char *)text, (unsigned)strlen(text));

	uv_udp_try_send(server, &buf, 1, to);
}

static int open_notes(const char *path)
{
	if (sqlite3_open(path, &db) != SQLITE_OK)
		return -1;
	return sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS note (text TEXT)", NULL, NULL, NULL) == SQLITE_OK &&
			       sqlite3_prepare_v2(db, "INSERT INTO note VALUES (?)", -1, &insert, NULL) == SQLITE_OK
		       ? 0
		       : -1;
}

static int add_note(const char *text)
{
	int rc;

	sqlite3_bind_text(insert, 1, text, -1, SQLITE_TRANSIENT);
	rc = sqlite3_step(insert);
	sqlite3_reset(insert);
	return rc == SQLITE_DONE ? 0 : -1;
}

static void on_request(uv_udp_t *server, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	(void)flags;
	if (n <= 0)
		return;
	buf->base[n] = '\0';
	if (!strncmp(buf->base, "NOTE ", 5))
		reply(server, from, add_note(buf->base + 5) < 0 ? "FAILED" : "KEPT");
	else if (!strcmp(buf->base, "PING"))
		reply(server, from, "PONG");
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	int len = sizeof addr;
	uv_udp_t server;

	if (open_notes(argc > 2 ? argv[2] : "notes.db") < 0)
		return 1;
	uv_udp_init(uv_default_loop(), &server);
	uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, &addr);
	if (uv_udp_bind(&server, (const struct sockaddr *)&addr, 0) < 0)
		return 1;
	uv_udp_getsockname(&server, (struct sockaddr *)&addr, &len);
	uv_udp_recv_start(&server, on_alloc, on_request);
	printf("listening on %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
