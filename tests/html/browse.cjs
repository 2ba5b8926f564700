// browse.cjs - clicks and types through the reports of run; see there. Arguments: their directory, and one for pictures.
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const [, , dir, shots] = process.argv;
let passed = 0, failed = 0;

function ok(name, condition, more) {
	if (condition)
		passed++;
	else
		failed++, console.log("FAILED  " + name + (more === undefined ? "" : ": " + JSON.stringify(more)));
}

async function open(browser, file, scheme) {
	const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1200, height: 900 }, bypassCSP: false });
	const page = await context.newPage();
	const trouble = [];
	page.on("console", (m) => m.type() === "error" && trouble.push(m.text()));
	page.on("pageerror", (e) => trouble.push(String(e)));
	page.on("request", (r) => r.url().startsWith("file:") || trouble.push("asks for " + r.url()));
	const client = await context.newCDPSession(page);
	await client.send("Performance.enable", { timeDomain: "threadTicks" });
	const time = async () => (await client.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value * 1000;
	const begin = Date.now();
	await page.goto(`file://${dir}/${file}.html`);
	await page.waitForFunction(() => document.getElementById("count").textContent !== "");
	return { page, context, trouble, time, took: Date.now() - begin };
}

// axe is put in by the debugger, past the policy; the page's own scripts stay under it.
async function accessible(name, page) {
	await page.evaluate(axe.source);
	const result = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
	ok(name + ": axe", result.violations.length === 0,
		result.violations.map((v) => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary.slice(0, 200)]));
}

async function sample(browser, scheme) {
	const { page, context, trouble } = await open(browser, "sample", scheme);
	const name = "sample, " + scheme;
	const count = () => page.textContent("#count");
	ok(name + ": all that is to be told", (await count()).startsWith("11 of 12 findings"), await count());
	ok(name + ": worst first", /^error/.test(await page.textContent("#list li:first-child summary")));
	await page.selectOption("#state", "");
	ok(name + ": silenced ones too", (await count()).startsWith("12 of 12"), await count());
	await page.fill("#words", "getaddrinfo on_read");
	ok(name + ": words filter", (await count()).startsWith("1 of 12"), await count());
	await page.click("#list summary");
	await page.waitForSelector("#list .chain");
	ok(name + ": a chain of five steps", (await page.locator("#list .chain > li").count()) === 5);
	ok(name + ": each in its source", (await page.locator("#list .chain .source").count()) >= 4);
	ok(name + ": the line itself", /getaddrinfo\(/.test(await page.textContent("#list .body > .source .hit")));
	ok(name + ": what to do instead", /uv_getaddrinfo/.test(await page.textContent("#list .body")));
	await page.fill("#words", "");
	await page.selectOption("#level", "2");
	ok(name + ": errors alone", (await count()).startsWith("2 of 12"), await count());
	await page.selectOption("#level", "0");
	await page.selectOption("#rule", "data-race");
	ok(name + ": one rule", (await count()).startsWith("3 of 12"), await count());
	await page.selectOption("#rule", "");
	// keys alone
	await page.locator("h1").click();
	await page.keyboard.press("/");
	ok(name + ": / leads to the filter", await page.evaluate(() => document.activeElement.id === "words"));
	await page.keyboard.type("fsync");
	await page.keyboard.press("Tab");
	await page.keyboard.press("Tab");
	await page.keyboard.press("Tab");
	await page.keyboard.press("Tab");
	ok(name + ": Tab leads to the finding", await page.evaluate(() => document.activeElement.tagName === "SUMMARY"));
	await page.keyboard.press("Enter");
	ok(name + ": Enter opens it", await page.evaluate(() => document.querySelector("#list details").open));
	await page.waitForSelector("#list .chain");
	ok(name + ": four chains", (await page.locator("#list .chain").count()) === 4);
	await page.fill("#words", "");
	await page.locator("h1").click();
	await page.keyboard.press("j");
	await page.keyboard.press("j");
	ok(name + ": j goes on", await page.evaluate(() => [...document.querySelectorAll("summary")].indexOf(document.activeElement) === 1));
	await page.keyboard.press("k");
	ok(name + ": k goes back", await page.evaluate(() => [...document.querySelectorAll("summary")].indexOf(document.activeElement) === 0));
	for (const s of await page.locator("#list summary").all())
		await s.click();
	await accessible(name, page);
	// what comes from the project is text, whatever it says
	ok(name + ": no markup from texts", (await page.locator("#list summary b, #list script").count()) === 0);
	ok(name + ": no direction marks", !/[\u202a-\u202e\u2066-\u2069]/.test(await page.textContent("main")));
	ok(name + ": scripts of others are refused", await page.evaluate(() => {
		const s = document.createElement("script");
		s.textContent = "window.bad = 1";
		document.body.append(s);
		return window.bad === undefined;
	}));
	ok(name + ": nothing else went wrong", trouble.filter((t) => !/Content Security Policy/.test(t)).length === 0 && trouble.length === 1, trouble);
	if (shots)
		await page.screenshot({ path: `${shots}/sample-${scheme}.png`, fullPage: true });
	await context.close();
}

async function real(browser, scheme) {
	const { page, context, trouble } = await open(browser, "real", scheme);
	const name = "real, " + scheme;
	ok(name + ": a lane", (await page.locator("svg .lane").count()) >= 1);
	ok(name + ": something waits", (await page.locator("svg .box.waits").count()) >= 1);
	await page.locator("svg a:has(.waits)").first().click();
	ok(name + ": a box leads to its row", await page.evaluate(() => document.querySelector("tr:target td:nth-child(4) code") !== null));
	ok(name + ": a row for each lock's object", (await page.locator("#locks tbody tr").count()) === 2);
	ok(name + ": and the lock", (await page.textContent("#locks tbody")).includes("counters.lock"), await page.textContent("#locks"));
	ok(name + ": something should change", (await page.locator("#tasks tbody td:last-child b").count()) >= 1);
	ok(name + ": two runs", (await page.locator("#history tbody tr").count()) === 2);
	ok(name + ": every row has its box or is told of", (await page.locator("svg a").count()) === (await page.locator("#tasks tbody tr").count()));
	await page.setViewportSize({ width: 400, height: 800 });
	const wide = await page.evaluate(() => [document.documentElement.scrollWidth,
		...[...document.querySelectorAll("main *")].filter((e) => !e.closest(".scroll *, svg") && e.getBoundingClientRect().right > 400).map((e) => e.outerHTML.slice(0, 100))]);
	ok(name + ": fits a narrow window", wide[0] <= 400, wide);
	await page.setViewportSize({ width: 1200, height: 900 });
	await accessible(name, page);
	ok(name + ": nothing went wrong", trouble.length === 0, trouble);
	if (shots)
		await page.screenshot({ path: `${shots}/real-${scheme}.png`, fullPage: true });
	await context.close();
}

// What counts is the processor time of the page: the machine may have other things to do.
async function big(browser) {
	const { page, context, time, took } = await open(browser, "big", "light");
	const busy = await time();
	ok("big: 10,000 findings and more", /of 1[0-9]{4} findings/.test(await page.textContent("#count")), await page.textContent("#count"));
	const each = busy / parseInt((await page.textContent("#count")).split(" of ")[1]);
	ok("big: 10,000 are shown within a second", each > 0 && each * 10000 < 1000, { took, busy, each });
	const before = await time();
	await page.fill("#words", "getaddrinfo");
	await page.waitForFunction(() => /^1000 of/.test(document.getElementById("count").textContent));
	const filtering = (await time()) - before;
	ok("big: filtered within half a second", filtering < 500, filtering);
	await page.click("#more");
	ok("big: more are shown", (await page.locator("#list > li").count()) === 200);
	ok("big: and the keyboard is at the first of them", await page.evaluate(() => [...document.querySelectorAll("summary")].indexOf(document.activeElement) === 100));
	console.log(`big: shown after ${took} ms (${Math.round(busy)} ms of work), filtered after ${Math.round(filtering)} ms of work`);
	await context.close();
}

(async () => {
	const browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
	for (const scheme of ["light", "dark"]) {
		await sample(browser, scheme);
		await real(browser, scheme);
	}
	await big(browser);
	await browser.close();
	console.log(`${passed} passed, ${failed} failed`);
	process.exit(failed ? 1 : 0);
})();
