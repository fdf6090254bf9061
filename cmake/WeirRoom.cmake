# SPDX-License-Identifier: Apache-2.0
# weir_room(NAME SOURCES a.cpp b.cpp [LINKS weir::base ...] [PRIVATE_LINKS spdlog::spdlog ...])
#
# One shared library a room: libweir_NAME.so. LINKS are the rooms below that its headers include;
# PRIVATE_LINKS are third-party libraries that only its .cpp files see. Shared, because a user's program links
# the same rooms as the process that loads it, and there must be one copy of each.
function(weir_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(weir_${name} SHARED ${ROOM_SOURCES})
  add_library(weir::${name} ALIAS weir_${name})
  target_include_directories(weir_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                 $<INSTALL_INTERFACE:include/weir>)
  target_compile_features(weir_${name} INTERFACE cxx_std_20)  # who includes its headers needs it
  target_link_libraries(weir_${name} PUBLIC ${ROOM_LINKS} Threads::Threads PRIVATE ${ROOM_PRIVATE_LINKS})
  set_target_properties(weir_${name} PROPERTIES
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    VERSION ${PROJECT_VERSION}
    EXPORT_NAME ${name})
endfunction()
