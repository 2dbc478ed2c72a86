# Turns files into a .cc of string_views, without other tools: cmake -DOUTPUT=x.cc -DHEADER=a/b.h -DNAMESPACE=n
# -DNAMES=kOne,kTwo -DFILES=one,two -P embed.cmake. The header declares the names.
string(REPLACE "," ";" NAMES "${NAMES}")
string(REPLACE "," ";" FILES "${FILES}")
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(name file IN ZIP_LISTS NAMES FILES)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND text "\nstatic const char ${name}Bytes[] = {${bytes}'\\0'};\n")
  string(APPEND text "const std::string_view ${name}{${name}Bytes, sizeof ${name}Bytes - 1};\n")
endforeach()
string(APPEND text "\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${text}")
