/* main.c - keeps the notes that datagrams bring: NOTE text. PING is answered at once. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct note {
	uv_work_t work;
	uv_udp_t *server;
	struct sockaddr_in from;
	int rc;
	struct note *next;
	char text[512];
};
static sqlite3 *db;
static sqlite3_stmt *insert;
static struct note *first, **last = &first; /* they are kept in the order in which they came, one at a time */
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

static void keep(uv_work_t *w)
{
	struct note *n = w->data;

	n->rc = add_note(n->text);
}

static void kept(uv_work_t *w, int status)
{
	struct note *n = w->data;

	reply(n->server, (const struct sockaddr *)&n->from, status < 0 || n->rc < 0 ? "FAILED" : "KEPT");
	first = n->next;
	if (!first)
		last = &first;
	else if (uv_queue_work(n->server->loop, &first->work, keep, kept) < 0)
		abort();
	free(n);
}

static void take_note(uv_udp_t *server, const struct sockaddr *from, const char *text)
{
	struct note *n = calloc(1, sizeof *n);

	if (!n) {
		reply(server, from, "FAILED");
		return;
	}
	n->work.data = n;
	n->server = server;
	n->from = *(const struct sockaddr_in *)from;
	snprintf(n->text, sizeof n->text, "%s", text);
	*last = n;
	last = &n->next;
	if (first == n && uv_queue_work(server->loop, &n->work, keep, kept) < 0)
		abort();
}

static void on_request(uv_udp_t *server, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	(void)flags;
	if (n <= 0)
		return;
	buf->base[n] = '\0';
	if (!strncmp(buf->base, "NOTE ", 5))
		take_note(server, from, buf->base + 5);
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
