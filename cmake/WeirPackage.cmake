# SPDX-License-Identifier: Apache-2.0
# Makes Weir a package: `find_package(weir 0.1 CONFIG REQUIRED)` gives weir::api, weir_add_program() and, for
# tests of programs, weir::testing, whether weir_DIR is an installation's lib/cmake/weir or this build tree.
include(CMakePackageConfigHelpers)

set(package_dir lib/cmake/weir)
set(sdk_rooms base memory network checkpoint graph execution api)
list(TRANSFORM sdk_rooms PREPEND weir_ OUTPUT_VARIABLE sdk_targets)
list(APPEND sdk_targets weir_testing)

write_basic_package_version_file(${PROJECT_BINARY_DIR}/weirConfigVersion.cmake COMPATIBILITY SameMinorVersion)

# From the build tree.
set(WEIR_PROGRAM_ENTRY ${PROJECT_SOURCE_DIR}/api/program_entry.cpp)
set(WEIR_PROGRAM_MODULE ${PROJECT_SOURCE_DIR}/cmake/WeirProgram.cmake)
configure_file(cmake/weirConfig.cmake.in ${PROJECT_BINARY_DIR}/weirConfig.cmake @ONLY)
export(TARGETS ${sdk_targets} NAMESPACE weir:: FILE ${PROJECT_BINARY_DIR}/weirTargets.cmake)

# From an installation.
set(WEIR_PROGRAM_ENTRY "\${CMAKE_CURRENT_LIST_DIR}/program_entry.cpp")
set(WEIR_PROGRAM_MODULE "\${CMAKE_CURRENT_LIST_DIR}/WeirProgram.cmake")
configure_file(cmake/weirConfig.cmake.in ${PROJECT_BINARY_DIR}/installed/weirConfig.cmake @ONLY)
set(WEIR_PROGRAM_ENTRY ${PROJECT_SOURCE_DIR}/api/program_entry.cpp)  # again, for the programs of the tests
install(TARGETS ${sdk_targets} EXPORT weirTargets LIBRARY DESTINATION lib)
install(TARGETS weir_messages weir_ha weir_actors LIBRARY DESTINATION lib)
install(TARGETS weir_rocksdb LIBRARY DESTINATION lib NAMELINK_SKIP)  # loaded, never linked
install(TARGETS weir weir-jobmanager weir-taskmanager RUNTIME DESTINATION bin)
install(EXPORT weirTargets NAMESPACE weir:: DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/installed/weirConfig.cmake ${PROJECT_BINARY_DIR}/weirConfigVersion.cmake
              cmake/WeirProgram.cmake api/program_entry.cpp
        DESTINATION ${package_dir})
foreach(room IN LISTS sdk_rooms)
  install(DIRECTORY ${room} DESTINATION include/weir FILES_MATCHING PATTERN "*.h")
endforeach()
