# SPDX-License-Identifier: Apache-2.0
# weir_unit_test(ROOM SOURCES a_test.cpp ... LINKS weir::ROOM ...)
#
# One doctest executable a room, build/<preset>/bin/test_ROOM, and one ctest entry for it, labelled "unit".
function(weir_unit_test room)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(test_${room} ${PROJECT_SOURCE_DIR}/test/support/doctest_main.cpp ${TEST_SOURCES})
  target_include_directories(test_${room} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(test_${room} PRIVATE ${TEST_LINKS} doctest::doctest)
  add_test(NAME unit_${room} COMMAND test_${room})
  set_tests_properties(unit_${room} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
