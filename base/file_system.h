// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir {

/// A file that is open for reading.
///
/// Threads: read_at() by any, read() by one.
class FileReader {
public:
  virtual ~FileReader() = default;
  /// Fills `to` from where the last read() ended. Fewer bytes than asked for, or 0, mean the end of the file.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> to) = 0;
  /// The same from a position of its own.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t position,
                                                    std::span<std::byte> to) const = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
};

/// A file that is open for writing. What was written is safe from a crash of the machine after sync() only.
///
/// Threads: one.
class FileWriter {
public:
  virtual ~FileWriter() = default;
  [[nodiscard]] virtual Status write(std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual Status sync() = 0;
};

/// Files by path. A port: tests put a faulty one in its place.
///
/// Threads: any.
/// Errors:  NotFound if there is no such file, else IoFailure; both name the path and say what the system
///          said.
class FileSystem {
public:
  virtual ~FileSystem() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<FileReader>> open(const std::string& path) = 0;
  /// A new file, or an old one emptied.
  [[nodiscard]] virtual Result<std::unique_ptr<FileWriter>> create(const std::string& path) = 0;
  /// Puts `from` in the place of `to`, at once for every reader, and survives a crash of the machine
  /// afterwards.
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// What does not exist any more was removed well.
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
  /// With all folders above it; one that exists is fine. Those that it makes survive a crash of the machine
  /// afterwards.
  [[nodiscard]] virtual Status make_folder(const std::string& path) = 0;
  /// The names, not paths, of what lies in a folder, sorted.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
};

/// The machine's own files.
class LocalFileSystem final : public FileSystem {
public:
  [[nodiscard]] Result<std::unique_ptr<FileReader>> open(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<FileWriter>> create(const std::string& path) override;
  [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status remove(const std::string& path) override;
  [[nodiscard]] Status make_folder(const std::string& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
};

/// Everything in a file. For small files: configuration, metadata.
[[nodiscard]] Result<std::string> read_file(FileSystem& files, const std::string& path);

/// Writes a file so that readers, and whoever comes after a crash, see the old content or the new, never a
/// part.
[[nodiscard]] Status write_file_atomically(FileSystem& files, const std::string& path,
                                           std::string_view content);

}  // namespace weir
