-- tvt-lint in Neovim: require("tvt_lint").setup({ cmd = { "tvt-lint", "lsp" } })
local M = {}

local function root_of(path)
	local dir, top = vim.fn.fnamemodify(path, ":h"), nil
	while true do
		if vim.fn.filereadable(dir .. "/compile_commands.json") == 1 or
			vim.fn.filereadable(dir .. "/build/compile_commands.json") == 1 then
			return dir
		end
		if not top and vim.fn.isdirectory(dir .. "/.git") == 1 then top = dir end
		local up = vim.fn.fnamemodify(dir, ":h")
		if up == dir then return top or vim.fn.fnamemodify(path, ":h") end
		dir = up
	end
end

local function show(text)
	vim.lsp.util.open_floating_preview(vim.split(text, "\n"), "markdown", { border = "single" })
end

local function command(name, args)
	for _, client in pairs(vim.lsp.get_active_clients and vim.lsp.get_active_clients() or vim.lsp.get_clients()) do
		if client.name == "tvt-lint" then
			client.request("workspace/executeCommand", { command = name, arguments = args }, function(err, result)
				if err then vim.notify(err.message, vim.log.levels.WARN)
				elseif type(result) == "string" then show(result) end
			end, 0)
			return
		end
	end
end

function M.why()
	local at = vim.lsp.util.make_position_params(0, "utf-16")
	command("tvt-lint.why", { at.textDocument.uri, at.position })
end

local clients = {} -- by root

function M.setup(opts)
	opts = vim.tbl_extend("force", { cmd = { "tvt-lint", "lsp" } }, opts or {})
	local function attach(buf)
		local path = vim.api.nvim_buf_get_name(buf)
		if path == "" or vim.bo[buf].filetype ~= "c" then return end
		local root = root_of(path)
		local id = clients[root]
		if not id or not vim.lsp.get_client_by_id(id) then
			id = vim.lsp.start_client({
				name = "tvt-lint",
				cmd = opts.cmd,
				root_dir = root,
				workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
				on_init = opts.on_init,
				on_attach = opts.on_attach,
				-- what lenses and actions ask for is shown here
				commands = {
					["tvt-lint.why"] = function(c) command(c.command, c.arguments) end,
					["tvt-lint.explain"] = function(c) command(c.command, c.arguments) end,
				},
			})
			clients[root] = id
		end
		if id then vim.lsp.buf_attach_client(buf, id) end
	end
	vim.api.nvim_create_autocmd("FileType", { pattern = "c", callback = function(e) attach(e.buf or vim.api.nvim_get_current_buf()) end })
	for _, buf in ipairs(vim.api.nvim_list_bufs()) do
		if vim.api.nvim_buf_is_loaded(buf) then attach(buf) end
	end
	vim.api.nvim_create_user_command("TvtWhy", M.why, {})
	vim.api.nvim_create_user_command("TvtReindex", function() command("tvt-lint.reindex", {}) end, {})
end

return M
