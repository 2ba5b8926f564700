# TvtLint.cmake - tvt_lint_target(NAME [TARGETS target...] [OPTIONS option...]): a target that checks the project.
#
#     list(APPEND CMAKE_MODULE_PATH /usr/share/tvt-lint/cmake)
#     include(TvtLint)
#     tvt_lint_target(lint TARGETS server OPTIONS --fail-on error)
#
# `cmake --build build --target lint` then fails as tvt-lint does. TARGETS are built first: for headers that are
# generated. The whole compilation database is analysed, whatever they are. To be called after project().
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_program(TVT_LINT tvt-lint HINTS ${CMAKE_CURRENT_LIST_DIR}/../../../bin DOC "the static analyzer")

function(tvt_lint_target name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "TARGETS;OPTIONS")
	if(arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "tvt_lint_target: what is '${arg_UNPARSED_ARGUMENTS}'?")
	endif()
	if(NOT TVT_LINT)
		message(STATUS "tvt-lint is not installed: the target '${name}' fails")
		add_custom_target(${name} COMMAND ${CMAKE_COMMAND} -E echo "tvt-lint is not installed" COMMAND ${CMAKE_COMMAND} -E false)
		return()
	endif()
	add_custom_target(${name} COMMAND ${TVT_LINT} check -p ${CMAKE_BINARY_DIR} ${arg_OPTIONS}
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} USES_TERMINAL VERBATIM)
	if(arg_TARGETS)
		add_dependencies(${name} ${arg_TARGETS})
	endif()
endfunction()
