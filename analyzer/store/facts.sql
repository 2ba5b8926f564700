-- What the analysis knows, as tables: for 'tvt-lint query' and for house rules, which are files .tvt/rules/NAME.sql
-- with one SELECT of (file, line, message). It is made anew in memory for each run; nothing can be written to it.
--
-- Version 1. Columns and tables may be added within a version; none is taken away, renamed or given another meaning.
-- Every function, loop and entry has a number that means nothing beyond this run. Places are file (relative to the
-- project's root where it lies below it), line and column, from 1 on; a place in a macro is where the macro is used.

CREATE TABLE meta(              -- 'schema': the version above; 'tool': its version; 'root': of the project; 'shared': 'left out'
	                        -- if the program was too large for object, access and lock_use, else 'complete'
	key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE unit(              -- every file of the compilation database
	file TEXT,
	state TEXT,             -- 'ok'; 'errors': analysed as far as it goes; 'failed': not analysed
	error TEXT);            -- the first one
CREATE TABLE function(
	id INTEGER PRIMARY KEY,
	name TEXT, file TEXT, line INTEGER, column INTEGER,
	defined INTEGER,        -- 0: only declared, in a library
	static INTEGER, header INTEGER, variadic INTEGER,
	parameters INTEGER,
	operations INTEGER,     -- its size
	library TEXT);          -- whose model says what it does, or NULL
CREATE TABLE call(              -- each call with each function that it may reach
	caller INTEGER, callee INTEGER,
	how TEXT,               -- 'direct', or how the pointer was followed: 'variable', 'parameter', 'field', 'table',
	                        -- 'returned', 'model'; 'type': only the type fits
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE unresolved(        -- calls through pointers of which nothing is known: what is below them is not seen
	caller INTEGER, file TEXT, line INTEGER, column INTEGER);
CREATE TABLE effect(            -- what a model says of a call; a verb a row
	caller INTEGER, callee INTEGER,
	verb TEXT,              -- 'blocks', 'locks', 'unlocks', 'creates', ...; 'calls back' for a function given to it
	word TEXT,              -- blocks: what it waits for; calls back: where that runs; locks: a name, if it has one
	argument TEXT,          -- what the verb speaks of, as in the source: '&c->lock'
	condition TEXT,         -- 'unless timeout is 0', or NULL
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE loop(              -- event loops
	id INTEGER PRIMARY KEY,
	function INTEGER,       -- that runs it
	library TEXT,           -- '': written by hand
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE entry(             -- where code begins to run in a context of its own
	id INTEGER PRIMARY KEY,
	function INTEGER,
	context TEXT,           -- 'loop', 'timer', 'coroutine', 'pool', 'thread', 'signal', 'isr', 'child', 'startup', ...
	task INTEGER,           -- 1: others wait while it runs ('loop', 'timer', 'coroutine', 'isr')
	loop INTEGER,           -- or NULL: some loop of the library
	library TEXT,
	file TEXT, line INTEGER, column INTEGER); -- that registers or starts it, or NULL
CREATE TABLE reach(             -- which functions run in which context
	function INTEGER,
	entry INTEGER,          -- of all from which it is reached in that way, the one found first
	calls INTEGER);         -- how many on the way, at least
CREATE TABLE block(             -- calls that may block where tasks, pools, threads or signal handlers get to
	function INTEGER, callee INTEGER,
	entry INTEGER,
	waits_for TEXT,         -- 'dns', 'disk', 'lock', 'sleep', ...
	severity TEXT,          -- 'low', 'medium', 'high'
	assumed INTEGER,        -- 1: a condition could not be decided
	calls INTEGER,          -- on the way from the entry
	others INTEGER,         -- further ways to it
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE cpu_loop(          -- every loop of the program, for what it costs
	function INTEGER,
	turns TEXT,             -- 'counting', 'along a list', ...
	extent TEXT,            -- where the number of its turns comes from
	turn_ns REAL,           -- one turn, everything in it at its typical size
	cost TEXT,              -- of all turns
	entry INTEGER,          -- a task that gets there, or NULL
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE object(            -- variables, and fields of what is allocated at one place, that two threads touch, and one writes
	id INTEGER PRIMARY KEY,
	name TEXT,              -- 'stats.hits', 'conn.state'
	state TEXT,             -- 'guarded': always under the lock; 'atomic'; 'apart': never at once; 'race'; 'mixed': a race
	                        -- between an atomic access and one that is not
	lock TEXT,              -- what all accesses hold, or most others of a race; or NULL
	held INTEGER, accesses INTEGER, -- with that lock, and all
	sure INTEGER,           -- of a race: 2: known threads, one object; 1: by an assumption; 0: perhaps
	heap INTEGER,
	library INTEGER,        -- 1: state inside a library's function
	why TEXT,               -- why two accesses can meet, or cannot
	file TEXT, line INTEGER, column INTEGER); -- of the first access
CREATE TABLE access(            -- as one thread makes it; of an object with very many, those that show most
	object INTEGER,
	function INTEGER, entry INTEGER, -- the thread's
	what TEXT,              -- 'read', 'write', 'free'
	atomic INTEGER,
	held TEXT,              -- locks: ''a.lock'', ''b'', or empty
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE lock_use(          -- locks that are used in a way worth a look; rules say which are findings
	id INTEGER PRIMARY KEY,
	kind TEXT,              -- 'cycle', 'twice', 'not held', 'left', 'waits', 'task', 'yields', 'alone', 'big', 'stack', 'fork'
	lock TEXT, sure INTEGER,
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE lock_step(         -- its places
	lock_use INTEGER, position INTEGER,
	function INTEGER, text TEXT,
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE advice(            -- what each entry should be, as 'tvt-lint advise' says it
	entry INTEGER,
	now TEXT,               -- 'task', 'thread', 'pool job'
	should TEXT,            -- 'keep', or what to do
	what TEXT, because TEXT,
	gain TEXT, factor REAL, -- by which it gets better; 0: nothing changes, or it is not known
	write TEXT,             -- in the program's library; or empty
	holds_ns REAL,          -- how long it holds its loop, or one job takes, at a time
	file TEXT, line INTEGER, column INTEGER); -- what to change first, or NULL
CREATE TABLE finding(           -- only in 'tvt-lint query': rules do not see one another
	id INTEGER PRIMARY KEY,
	rule TEXT, level TEXT, confidence TEXT,
	message TEXT, task TEXT,
	fingerprint TEXT,
	suppressed TEXT,        -- the reason of the allow(), or NULL
	file TEXT, line INTEGER, column INTEGER);
CREATE TABLE step(              -- the chains of a finding
	finding INTEGER, chain INTEGER, position INTEGER,
	role TEXT,              -- 'entry', 'registered', 'call', 'jump', 'site', 'note'
	function TEXT, text TEXT,
	file TEXT, line INTEGER, column INTEGER);
