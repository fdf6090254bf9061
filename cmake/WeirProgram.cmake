# SPDX-License-Identifier: Apache-2.0
# weir_add_program(NAME source.cpp ...)
#
# A user's program: the shared library libNAME.so, ready for `weir run libNAME.so`. The sources define
# void weir::program(Environment&) and include "api/program.h".
#
# Hidden visibility and -fno-gnu-unique keep two programs, or two versions of one, apart in the same process:
# without them the static variables of templates would be shared with whichever was loaded first.
if(NOT DEFINED WEIR_PROGRAM_ENTRY)
  set(WEIR_PROGRAM_ENTRY ${CMAKE_CURRENT_LIST_DIR}/../api/program_entry.cpp)
endif()

function(weir_add_program name)
  add_library(${name} MODULE ${ARGN} ${WEIR_PROGRAM_ENTRY})
  target_link_libraries(${name} PRIVATE weir::api)
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE LINKER:--build-id LINKER:--exclude-libs,ALL)
  if(NOT WEIR_SANITIZE)  # a sanitizer's runtime comes with the executable
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
endfunction()
