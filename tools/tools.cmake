# The commands. `atc` links the compiler; `cairn` needs the .om container only and starts without the engine.
find_package(CLI11 REQUIRED)
find_package(Protobuf REQUIRED)

add_executable(atc atc.cc)
add_dependencies(atc cairn_headers)
target_link_libraries(atc PRIVATE cairn_options cairn_engine)

add_executable(cairn cairn.cc $<TARGET_OBJECTS:cairn_om>)
add_dependencies(cairn cairn_headers)
target_compile_definitions(cairn PRIVATE CAIRN_VERSION="${PROJECT_VERSION}")
target_link_libraries(cairn PRIVATE cairn_options cairn_aipp fmt::fmt protobuf::libprotobuf CLI11::CLI11)

set_target_properties(atc cairn PROPERTIES BUILD_RPATH "$ORIGIN/../lib64" INSTALL_RPATH "$ORIGIN/../lib64")
