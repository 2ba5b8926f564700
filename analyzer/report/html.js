"use strict";
/* The list of findings. Only what is looked at is made: rows in batches, their insides when they are opened. */
(() => {
	const data = { findings: [], lines: {} };
	const pieces = [...document.querySelectorAll("script.bodies")];
	document.querySelectorAll("script.heads").forEach((e, piece) => JSON.parse(e.textContent).forEach((f, at) => {
		f.piece = piece;
		f.at = at;
		data.findings.push(f);
	}));
	/* What is shown when a finding is opened. Its lines may stand in an earlier piece: pieces are read in order. */
	let read = 0;
	const open = (f) => {
		for (; read <= f.piece; read++) {
			const piece = JSON.parse(pieces[read].textContent);
			Object.assign(data.lines, piece.lines);
			pieces[read] = piece.bodies;
		}
		return pieces[f.piece][f.at];
	};
	const levels = { note: 0, warning: 1, error: 2 };
	const batch = 100;
	const byId = (id) => document.getElementById(id);
	const list = byId("list"), more = byId("more");
	let found = [], shown = 0;

	const make = (tag, name, text) => {
		const e = document.createElement(tag);
		if (name)
			e.className = name;
		if (text !== undefined)
			e.textContent = text;
		return e;
	};
	const place = (at) => (at.file || "") + (at.line ? ":" + at.line : "");

	/* Source lines from..to of a file, the one at a finding or step marked. */
	const source = (at, around) => {
		const box = make("div", "source");
		box.tabIndex = 0;
		box.setAttribute("role", "group");
		box.setAttribute("aria-label", "source of " + place(at));
		for (let n = at.line - around; n <= at.line + around; n++) {
			const text = data.lines[at.file + ":" + n];
			if (text !== undefined)
				box.append(make("span", n === at.line ? "hit" : "", String(n).padStart(5) + "  " + text + "\n"));
		}
		return box.childNodes.length ? box : null;
	};
	const sentence = (parent, what, text) => {
		if (!text)
			return;
		const p = make("p");
		p.append(make("b", "", what + " "), text);
		parent.append(p);
	};
	const body = (head) => {
		const f = open(head), b = make("div", "body");
		const src = source(head, 2);
		if (src)
			b.append(src);
		sentence(b, "At the place:", f.label);
		sentence(b, "Task:", f.task);
		for (const chain of f.chains) {
			b.append(make("p", "", "Chain: " + chain.title));
			const ol = make("ol", "chain");
			for (const step of chain.steps) {
				const li = make("li");
				li.append(make("code", "", step.fn || ""), " " + (step.text || "") + " ", make("span", "place", place(step)));
				const line = source(step, 0);
				if (line)
					li.append(line);
				ol.append(li);
			}
			b.append(ol);
		}
		for (const text of f.instead)
			sentence(b, "Instead:", text);
		for (const text of f.notes)
			sentence(b, "Note:", text);
		sentence(b, "Silenced:", f.reason);
		sentence(b, "Confidence:", f.confidence + "; fingerprint " + f.id);
		return b;
	};
	const row = (f) => {
		const li = make("li"), details = make("details"), summary = make("summary");
		summary.append(make("span", "level " + f.level, f.level), ": " + f.message + " ", make("code", "", "[" + f.rule + "]"),
			f.state === "open" ? "" : " (" + f.state + ")", make("span", "place", place(f)));
		details.append(summary);
		details.addEventListener("toggle", () => {
			if (details.open && details.children.length === 1)
				details.append(body(f));
		});
		li.append(details);
		return li;
	};

	/* What words are looked for in; made when it is needed. */
	const textOf = (f) => f.found || (f.found = [f.rule, f.level, f.message, place(f), open(f).task,
		...open(f).chains.flatMap((c) => c.steps.map((s) => s.fn))].join(" ").toLowerCase());

	const showMore = () => {
		const part = document.createDocumentFragment();
		for (const f of found.slice(shown, shown + batch))
			part.append(row(f));
		list.append(part);
		shown = Math.min(found.length, shown + batch);
		more.hidden = shown === found.length;
		byId("count").textContent = found.length + " of " + data.findings.length + " findings" +
			(shown < found.length ? ", the first " + shown + " shown" : "");
	};
	const filter = () => {
		const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
		const level = Number(byId("level").value), rule = byId("rule").value, state = byId("state").value;
		found = data.findings.filter((f) => levels[f.level] >= level && (!rule || f.rule === rule) &&
			(!state || (state === "told" ? f.state === "open" || f.state === "new" : f.state === state)) &&
			words.every((w) => textOf(f).includes(w)));
		list.replaceChildren();
		shown = 0;
		showMore();
	};

	/* worst first, else by place, as they come */
	data.findings.sort((a, b) => levels[b.level] - levels[a.level]);
	for (const rule of [...new Set(data.findings.map((f) => f.rule))].sort())
		byId("rule").append(new Option(rule, rule));
	for (const id of ["words", "level", "rule", "state"])
		byId(id).addEventListener("input", filter);
	more.addEventListener("click", () => {
		const at = shown;
		showMore();
		list.children[at].querySelector("summary").focus();
	});
	document.addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.altKey || e.metaKey || /^(INPUT|SELECT)$/.test(e.target.tagName))
			return;
		if (e.key === "/") {
			e.preventDefault();
			byId("words").focus();
		} else if (e.key === "j" || e.key === "k") {
			const all = [...list.querySelectorAll("summary")];
			const to = all[all.indexOf(document.activeElement) + (e.key === "j" ? 1 : -1)];
			if (to)
				to.focus();
		}
	});
	filter();
})();
