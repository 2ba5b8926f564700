// linehash.mjs - recomputes primaryLocationLineHash from its definition, not from the tool's way of computing it:
// for every line by itself, over big integers, with the file decoded by the platform.
//
//   node linehash.mjs REPORT.sarif ROOT        compares every result with a readable source; exit 1 on a mismatch
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const units = 100, base = 37n, mod = 1n << 64n;

// The text as digits, without blanks and tabs; a line end of any kind is one 10, the end of the file 65535.
// starts[i] is where line i + 1 begins.
function digits(text) {
	const out = [], starts = [];
	let fresh = true;
	for (const [at, end, unit] of text.matchAll(/(\r\n|\r|\n)|([^ \t\r\n])/g)) {
		if (fresh)
			starts.push(out.length);
		fresh = end !== undefined;
		out.push(fresh ? 10 : unit.charCodeAt(0));
	}
	if (fresh)
		starts.push(out.length);
	out.push(65535);
	return { out, starts };
}

function hashes(file) {
	const { out, starts } = digits(readFileSync(file).toString("utf8"));
	const seen = new Map();
	return starts.map((start) => {
		let n = 0n;
		for (let i = 0; i < units; i++)
			n = (n * base + BigInt(out[start + i] ?? 0)) % mod;
		const hex = n.toString(16), count = (seen.get(hex) ?? 0) + 1;
		seen.set(hex, count);
		return `${hex}:${count}`;
	});
}

const [, , report, root] = process.argv;
const cache = new Map();
let checked = 0, wrong = 0, absent = 0;
for (const run of JSON.parse(readFileSync(report, "utf8")).runs) {
	for (const result of run.results) {
		const place = result.locations[0]?.physicalLocation;
		const got = result.partialFingerprints?.primaryLocationLineHash;
		const uri = place?.artifactLocation.uri ?? "";
		const path = uri.startsWith("file:") ? fileURLToPath(uri) : decodeURIComponent(uri);
		if (!cache.has(path)) {
			let list = null;
			try {
				list = hashes(isAbsolute(path) ? path : join(root, path));
			} catch { /* no such file: then there must be no hash */ }
			cache.set(path, list);
		}
		const want = cache.get(path)?.[(place?.region?.startLine ?? 1) - 1];
		if (want === undefined)
			absent++;
		if (got !== want) {
			console.log(`${path}:${place?.region?.startLine}: ${got}, should be ${want}`);
			wrong++;
		}
		checked++;
	}
}
console.log(`line hashes: ${checked - absent} compared, ${absent} without a source, ${wrong} wrong`);
process.exit(wrong || checked === absent ? 1 : 0);
