// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/sinks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace weir {

namespace {

[[noreturn]] void fail(const std::string& what, const std::string& name) {
  throw std::runtime_error(what + " '" + name + "': " + std::strerror(errno));
}

/// What an earlier job of more subtasks left there is not part of this one's output.
void remove_files_behind(const std::string& directory, std::uint32_t last) {
  while (::unlink((directory + "/" + std::to_string(++last)).c_str()) == 0) continue;
}

/// Standard output is one for all tasks, and a pipe takes a long block in pieces: its own lock keeps each
/// block whole.
class OutputTurn {
public:
  explicit OutputTurn(bool is_shared) : is_shared_(is_shared) {
    if (is_shared_) ::flockfile(stdout);
  }
  ~OutputTurn() {
    if (is_shared_) ::funlockfile(stdout);
  }
  OutputTurn(const OutputTurn&) = delete;
  OutputTurn& operator=(const OutputTurn&) = delete;

private:
  const bool is_shared_;
};

}  // namespace

LineWriter LineWriter::standard_output() { return {"standard output", STDOUT_FILENO, false}; }

LineWriter LineWriter::file(const std::string& path, std::uint32_t subtask_index, std::uint32_t parallelism) {
  std::string name = path;
  if (parallelism > 1) {
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) fail("cannot make the output directory", path);
    if (subtask_index == 0) remove_files_behind(path, parallelism);
    name += "/" + std::to_string(subtask_index + 1);
  }
  const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) fail("cannot open the output file", name);
  return {std::move(name), descriptor, true};
}

LineWriter::LineWriter(std::string name, int descriptor, bool is_owned)
    : name_(std::move(name)), descriptor_(descriptor), is_owned_(is_owned) {}

LineWriter::LineWriter(LineWriter&& other) noexcept
    : name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      is_owned_(other.is_owned_),
      block_(std::move(other.block_)) {}

LineWriter::~LineWriter() {
  if (is_owned_ && descriptor_ >= 0) ::close(descriptor_);
}

void LineWriter::flush() {
  const char* at = block_.data();
  std::size_t left = block_.size();
  const OutputTurn turn(!is_owned_);
  while (left > 0) {
    const ssize_t written = ::write(descriptor_, at, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write to", name_);
    at += written;
    left -= static_cast<std::size_t>(written);
  }
  block_.clear();
}

}  // namespace weir
