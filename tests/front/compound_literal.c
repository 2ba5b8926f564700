struct point {
	int x, y;
};
int use(struct point *p);
int take(struct point p);
extern struct point *shared;

int automatic(int n)
{
	struct point *p = &(struct point){.x = n, .y = 2};

	use(&(struct point){n, 3});
	shared = p;
	return take((struct point){4, n}) + (struct point){5, 6}.y + ((int[]){7, n})[1];
}

struct point *fixed = &(struct point){8, 9};
