-- What the analysis knows, as tables: for 'tvt-lint query' and for house rules, which are files .tvt/rules/NAME.sql
-- with one SELECT of (file, line, message). It is made anew in memory for each run; nothing can be written to it.
--
-- Version 1. Columns and tables may be added within a version; none is taken away, renamed or given another meaning.
-- Every function, loop and entry has a number that means nothing beyond this run. Places are file (relative to the
-- project's root where it lies below it), line and column, from 1 on; a place in a macro is where the macro is used.

CREATE TABLE meta(              -- 'schema': the version above; 'tool': its version; 'root': of the project
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
