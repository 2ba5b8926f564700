struct in {
	int v[4];
	int w;
};
struct conn {
	struct in in;
	struct in *ptr;
	struct conn *next;
	struct in many[3];
	int *nums;
};
extern struct conn global, *gp, table[8];
int f(void);

int reads(struct conn *c, struct conn local, int i)
{
	int x = c->in.w;

	x = c->ptr->w;
	x = c->next->next->in.v[2];
	x = c->many[i].w;
	x = c->many[i + 1].w;
	x = c->nums[i];
	x = *c->nums;
	x = *(c->nums + i);
	x = local.in.w;
	x = local.ptr->w;
	x = global.in.w;
	x = gp->ptr->w;
	x = table[i].in.v[f()];
	x = table[global.in.w].nums[3];
	x = (&local)->in.w;
	x = (*c).in.w;
	x = (**&c->next).in.w;
	x = ((struct in *)c->nums)->w;
	x = ((struct conn *)(void *)i)->in.w;
	x = i[c->nums];
	x = (c + 1)->in.w;
	x = (c++)->in.w;
	return x;
}

void addresses(struct conn *c, int i)
{
	int local, arr[3];
	int *p = &local;

	p = &c->in.w;
	p = c->in.v;
	p = arr;
	p = &arr[i];
	p = &c->nums[i];
	p = &*p;
	c->ptr = &gp->in;
	c = &table[3];
	c = table;
}

struct conn by_value(void);
int of_result(void)
{
	return by_value().in.w + by_value().ptr->w;
}

int rows(int m[3][4], int (*p)[4])
{
	return m[1][2] + (*p)[1] + p[2][3] + "abc"[1];
}
