# What `cmake --install` puts where, and the .deb that `cpack` makes of it.
include(GNUInstallDirs)

set(QUERN_MAINTAINER "The quern authors <quern@localhost>" CACHE STRING "who answers for the .deb: a name and <an address>")

# The man pages compressed and the completions as the program writes them, made when they are installed.
set(made ${PROJECT_BINARY_DIR}/install)
file(MAKE_DIRECTORY ${made})
configure_file(packaging/changelog.in ${made}/changelog)
install(CODE "
  execute_process(COMMAND \"$<TARGET_FILE:quern>\" completion bash OUTPUT_FILE \"${made}/quern\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND \"$<TARGET_FILE:quern>\" completion fish OUTPUT_FILE \"${made}/quern.fish\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND \"$<TARGET_FILE:quern>\" completion zsh OUTPUT_FILE \"${made}/_quern\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND awk -v version=${PROJECT_VERSION} -f \"${PROJECT_SOURCE_DIR}/cmake/job_manual.awk\" \"${PROJECT_SOURCE_DIR}/docs/job-file.md\"
                  COMMAND gzip -9nc OUTPUT_FILE \"${made}/quern-job.5.gz\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND gzip -9nc \"${PROJECT_SOURCE_DIR}/docs/quern.1\" OUTPUT_FILE \"${made}/quern.1.gz\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND gzip -9nc \"${made}/changelog\" OUTPUT_FILE \"${made}/changelog.gz\" COMMAND_ERROR_IS_FATAL ANY)")
install(TARGETS quern RUNTIME)
install(FILES ${made}/quern.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/quern-job.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${made}/quern DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${made}/quern.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# Debian's zsh looks into another folder for packages than for what is below /usr/local.
install(CODE "
  set(folder site-functions)
  if(CMAKE_INSTALL_PREFIX STREQUAL /usr)
    set(folder vendor-completions)
  endif()
  file(INSTALL \"${made}/_quern\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/zsh/\${folder}\")")
install(FILES CHANGELOG.md packaging/copyright ${made}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/quern USE_SOURCE_PERMISSIONS PATTERN __pycache__ EXCLUDE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME quern)
set(CPACK_PACKAGE_VENDOR "The quern authors")
set(CPACK_PACKAGE_CONTACT "${QUERN_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "map and reduce many files with two small functions")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"quern runs map/reduce jobs over many compressed files, on disk, in S3 or on
the web, with all cores of one machine or as tasks of a Taskcluster deployment.
Mappers and reducers are functions in Python or JavaScript, or any program.")
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# The libraries by what the program is linked with; the interpreters by what the modules need (modules/harness.py, harness.mjs),
# and not at all where modules are programs.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, python3 (>= 3.8) | nodejs (>= 18)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nodejs (>= 18), python3 (>= 3.8)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
include(CPack)
