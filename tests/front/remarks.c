//: --all
/* tvt: on loop */
int f(int x) // tvt: allow(blocking-call-in-task) it is short
{
	// tvt: alone here
	/* not a remark: tvt: */
	x++; /* tvt: beside */
	/* tvt: before */ x++;
	return x; /** tvt: documentation style   */
}
const char *s = "tvt: no";
//tvt: tight
