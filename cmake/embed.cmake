# Turns files into a .cc of functions that return them as string_views, without other tools: cmake -DOUTPUT=x.cc -DHEADER=a/b.h -DNAMESPACE=n
# -DNAMES=one,two -DFILES=a.txt,b.txt -P embed.cmake. The header declares the names.
string(REPLACE "," ";" NAMES "${NAMES}")
string(REPLACE "," ";" FILES "${FILES}")
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(name file IN ZIP_LISTS NAMES FILES)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND text "\nstatic const char ${name}_bytes[] = {${bytes}'\\0'};\n")
  string(APPEND text "std::string_view ${name}() { return {${name}_bytes, sizeof ${name}_bytes - 1}; }\n")
endforeach()
string(APPEND text "\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${text}")
