// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace weir {

/// A new directory of this process alone, gone with its content when this is. It is locked for as long as the
/// process lives; one that a process left behind which was killed is removed by the next that makes one
/// of the same name beside it.
///
/// Threads: made and ended by any.
class PrivateDirectory {
public:
  /// Makes `<parent>/<name>-<six letters>`, and `parent` if there is none. Errors: names the directory and
  /// what the system said.
  [[nodiscard]] static Result<std::unique_ptr<PrivateDirectory>> make(const std::string& parent,
                                                                      const std::string& name);
  /// Removes what dead processes left of that name in `parent`. Best effort: what stays harms nobody and is
  /// tried again next time.
  static void remove_abandoned(const std::string& parent, const std::string& name);
  ~PrivateDirectory();
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

private:
  PrivateDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;  // of the directory itself; the kernel lets go of it however we end
};

}  // namespace weir
