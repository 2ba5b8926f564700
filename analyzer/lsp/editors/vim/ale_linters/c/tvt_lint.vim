" tvt-lint for ALE, as a language server.
call ale#Set('c_tvt_lint_executable', 'tvt-lint')
call ale#Set('c_tvt_lint_options', '')

" Where the database is, else the repository, else where the file is.
function! ale_linters#c#tvt_lint#GetRoot(buffer) abort
    for l:name in ['compile_commands.json', 'build/compile_commands.json']
        let l:path = ale#path#FindNearestFile(a:buffer, l:name)
        if !empty(l:path)
            return l:name[0] is# 'b' ? fnamemodify(l:path, ':h:h') : fnamemodify(l:path, ':h')
        endif
    endfor
    let l:git = ale#path#FindNearestDirectory(a:buffer, '.git')
    return !empty(l:git) ? fnamemodify(l:git, ':h:h') : expand('#' . a:buffer . ':p:h')
endfunction

call ale#linter#Define('c', {
\   'name': 'tvt_lint',
\   'lsp': 'stdio',
\   'executable': {b -> ale#Var(b, 'c_tvt_lint_executable')},
\   'command': {b -> '%e lsp' . ale#Pad(ale#Var(b, 'c_tvt_lint_options'))},
\   'project_root': function('ale_linters#c#tvt_lint#GetRoot'),
\   'language': 'c',
\})
