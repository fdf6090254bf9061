# SPDX-License-Identifier: Apache-2.0
# Debian's libzookeeper-mt-dev ships neither a CMake package nor a .pc file. Defines ZooKeeper::client, the
# library with threads of its own.
find_path(ZooKeeper_INCLUDE_DIR zookeeper/zookeeper.h)
find_library(ZooKeeper_LIBRARY zookeeper_mt)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ZooKeeper REQUIRED_VARS ZooKeeper_LIBRARY ZooKeeper_INCLUDE_DIR)

if(ZooKeeper_FOUND AND NOT TARGET ZooKeeper::client)
  add_library(ZooKeeper::client UNKNOWN IMPORTED)
  set_target_properties(ZooKeeper::client PROPERTIES IMPORTED_LOCATION ${ZooKeeper_LIBRARY}
                                                     INTERFACE_INCLUDE_DIRECTORIES ${ZooKeeper_INCLUDE_DIR}
                                                     INTERFACE_COMPILE_DEFINITIONS THREADED)
endif()
