# SPDX-License-Identifier: Apache-2.0
# How every target of the project is compiled and linked.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

# Installed programs and libraries find each other wherever the installation is moved.
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib;$ORIGIN")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers -fno-omit-frame-pointer
                    $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>
                    $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
  # CAF's headers bind references to what null pointers point to; AddressSanitizer sees those that are used.
  if(WEIR_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=null)
  endif()
  # GCC 12 loses track of what it instruments and warns of std::function in its own <regex>.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

find_program(WEIR_MOLD mold)
if(WEIR_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WEIR_CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG QUIET)
if(NOT Boost_FOUND)
  message(FATAL_ERROR
    "Boost 1.81 or later is needed (pfr, unordered_flat_map) and was not found.\n"
    "On Debian 12 it is libboost1.81-dev and libboost-program-options1.81-dev; they conflict with the 1.74 "
    "packages, so remove libboost1.74-dev first. `scripts/setup` does all of this.")
endif()
