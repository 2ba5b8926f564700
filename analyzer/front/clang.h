/* clang.h - private to front/: libclang, loaded by name inside workers so that nothing links to it.
 */
#ifndef TVT_CLANG_H
#define TVT_CLANG_H

#include <clang-c/Index.h>

/* The functions of libclang that are used, without their prefix clang_. */
#define CLANG_FNS(F)                                                                               \
	F(createIndex)                                                                             \
	F(createIndexWithOptions)                                                                  \
	F(disposeIndex)                                                                            \
	F(toggleCrashRecovery)                                                                     \
	F(getClangVersion)                                                                         \
	F(parseTranslationUnit2)                                                                   \
	F(reparseTranslationUnit)                                                                  \
	F(disposeTranslationUnit)                                                                  \
	F(saveTranslationUnit)                                                                     \
	F(getTranslationUnitCursor)                                                                \
	F(getNumDiagnostics)                                                                       \
	F(getDiagnostic)                                                                           \
	F(disposeDiagnostic)                                                                       \
	F(getDiagnosticSeverity)                                                                   \
	F(getDiagnosticLocation)                                                                   \
	F(getDiagnosticSpelling)                                                                   \
	F(getCString)                                                                              \
	F(disposeString)                                                                           \
	/* places */                                                                               \
	F(getFile)                                                                                 \
	F(getFileName)                                                                             \
	F(getFileContents)                                                                         \
	F(getLocationForOffset)                                                                    \
	F(getExpansionLocation)                                                                    \
	F(getSpellingLocation)                                                                     \
	F(getFileLocation)                                                                         \
	F(Location_isInSystemHeader)                                                               \
	F(getRangeStart)                                                                           \
	F(getRangeEnd)                                                                             \
	/* cursors */                                                                              \
	F(visitChildren)                                                                           \
	F(getCursorLocation)                                                                       \
	F(getCursorExtent)                                                                         \
	F(getCursorType)                                                                           \
	F(getCursorReferenced)                                                                     \
	F(getCursorDefinition)                                                                     \
	F(getCanonicalCursor)                                                                      \
	F(getCursorSemanticParent)                                                                 \
	F(getCursorSpelling)                                                                       \
	F(getCursorUSR)                                                                            \
	F(getCursorLinkage)                                                                        \
	F(getCursorTLSKind)                                                                        \
	F(isCursorDefinition)                                                                      \
	F(Cursor_getStorageClass)                                                                  \
	F(Cursor_hasAttrs)                                                                         \
	F(Cursor_isFunctionInlined)                                                                \
	F(Cursor_getNumArguments)                                                                  \
	F(Cursor_getArgument)                                                                      \
	F(Cursor_getVarDeclInitializer)                                                            \
	F(Cursor_getOffsetOfField)                                                                 \
	F(Cursor_isBitField)                                                                       \
	F(getEnumConstantDeclValue)                                                                \
	F(getCursorBinaryOperatorKind)                                                             \
	F(getCursorUnaryOperatorKind)                                                              \
	F(Cursor_Evaluate)                                                                         \
	F(EvalResult_getKind)                                                                      \
	F(EvalResult_getAsLongLong)                                                                \
	F(EvalResult_dispose)                                                                      \
	F(getCursorPrintingPolicy)                                                                 \
	F(PrintingPolicy_setProperty)                                                              \
	F(PrintingPolicy_dispose)                                                                  \
	F(getCursorPrettyPrinted)                                                                  \
	/* types */                                                                                \
	F(getCanonicalType)                                                                        \
	F(getTypeSpelling)                                                                         \
	F(getTypedefName)                                                                          \
	F(getTypeDeclaration)                                                                      \
	F(Type_getNamedType)                                                                       \
	F(Type_getValueType)                                                                       \
	F(Type_getSizeOf)                                                                          \
	F(Type_getAlignOf)                                                                         \
	F(Type_visitFields)                                                                        \
	F(getPointeeType)                                                                          \
	F(getArrayElementType)                                                                     \
	F(getArraySize)                                                                            \
	F(getResultType)                                                                           \
	F(getNumArgTypes)                                                                          \
	F(isFunctionTypeVariadic)                                                                  \
	F(isConstQualifiedType)                                                                    \
	F(isVolatileQualifiedType)

struct clang {
#define F(name) __typeof__(clang_##name) *name;
	CLANG_FNS(F)
#undef F
	char *resource_dir; /* holds include/stddef.h; NULL: not loaded */
};
extern struct clang lc;

#endif
