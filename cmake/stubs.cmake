# Type stubs of the Python package, next to its modules in the build tree.
file(GLOB CAIRN_STUB_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/spec/generate/*.py)
set(CAIRN_STUBS_STAMP ${CMAKE_BINARY_DIR}/python/stubs.stamp)
add_custom_command(
  OUTPUT ${CAIRN_STUBS_STAMP}
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/spec/generate/stubs.py ${CAIRN_PYTHON_DIRECTORY}
  COMMAND ${CMAKE_COMMAND} -E touch ${CAIRN_STUBS_STAMP}
  DEPENDS ${CMAKE_SOURCE_DIR}/spec/functions.json ${CAIRN_STUB_SOURCES}
  COMMENT "Generating the type stubs of the package acl")
add_custom_target(cairn_stubs ALL DEPENDS ${CAIRN_STUBS_STAMP})
