#!/usr/bin/env node
// Runs the binary of this package and ends as it did. libclang 19 is the system's.
"use strict";
const { spawnSync } = require("child_process");
const path = require("path");
const run = spawnSync(path.join(__dirname, "native", "bin", "tvt-lint"), process.argv.slice(2), { stdio: "inherit" });
if (run.error) {
	console.error("tvt-lint: error: " + run.error.message);
	process.exit(2);
}
if (run.signal)
	process.kill(process.pid, run.signal);
process.exit(run.status);
