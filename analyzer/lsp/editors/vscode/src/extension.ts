/* The extension starts `tvt-lint lsp` for each window and shows the texts that its commands answer with. */
import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

function start(): LanguageClient {
	const config = vscode.workspace.getConfiguration("tvt-lint");
	const server: ServerOptions = {
		command: config.get<string>("path", "tvt-lint"),
		args: ["lsp", ...config.get<string[]>("arguments", [])],
	};
	const options: LanguageClientOptions = {
		documentSelector: [{ scheme: "file", language: "c" }],
		middleware: {
			/* what lenses and actions ask for is a text to be read */
			executeCommand: async (command, args, next) => {
				const answer: unknown = await next(command, args);
				if (typeof answer === "string") await show(answer);
				return answer;
			},
		},
	};
	return new LanguageClient("tvt-lint", "tvt-lint", server, options);
}

async function show(markdown: string): Promise<void> {
	const document = await vscode.workspace.openTextDocument({ language: "markdown", content: markdown });
	await vscode.commands.executeCommand("markdown.showPreviewToSide", document.uri);
}

async function whyHere(): Promise<void> {
	const editor = vscode.window.activeTextEditor;
	if (!client || !editor) return;
	const at = client.code2ProtocolConverter.asPosition(editor.selection.active);
	await vscode.commands.executeCommand("tvt-lint.why", editor.document.uri.toString(), at);
}

async function restart(): Promise<void> {
	await client?.dispose();
	client = start();
	await client.start();
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
	context.subscriptions.push(
		vscode.commands.registerCommand("tvt-lint.whyHere", whyHere),
		vscode.commands.registerCommand("tvt-lint.readAgain", () => vscode.commands.executeCommand("tvt-lint.reindex")),
		vscode.workspace.onDidChangeConfiguration((e) => {
			if (e.affectsConfiguration("tvt-lint")) void restart();
		}),
	);
	await restart();
}

export async function deactivate(): Promise<void> {
	await client?.dispose();
}
