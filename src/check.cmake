# libcairn_check.so: the checkers. Opened with dlopen by libascendcl.so when CAIRN_CHECK is set.
file(GLOB_RECURSE CAIRN_CHECK_SOURCES CONFIGURE_DEPENDS check/*.cc)
set(CAIRN_CHECK_NAMES ${CMAKE_CURRENT_BINARY_DIR}/check_names.cc)
add_custom_command(
  OUTPUT ${CAIRN_CHECK_NAMES}
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/spec/generate/check_names.py ${CAIRN_CHECK_NAMES}
  DEPENDS ${CMAKE_SOURCE_DIR}/spec/generate/check_names.py ${CMAKE_SOURCE_DIR}/spec/functions.json)
cairn_library(cairn_check ${CAIRN_CHECK_SOURCES} ${CAIRN_CHECK_NAMES})
target_link_libraries(cairn_check PRIVATE cairn_core fmt::fmt nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS})
target_precompile_headers(cairn_check PRIVATE <fmt/format.h> <map> <memory> <mutex> <string> <vector>)
