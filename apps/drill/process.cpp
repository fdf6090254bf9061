// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/result.h"

namespace weir::drill {

namespace {

constexpr int kExitNotStarted = 127;  // as shells report it

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// What `environment` names is not taken from our own.
std::vector<std::string> with_our_own(const std::vector<std::string>& environment) {
  std::vector<std::string> all = environment;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string_view ours(*line);
    const auto name = ours.substr(0, ours.find('=') + 1);
    bool is_replaced = false;
    for (const std::string& theirs : environment) is_replaced |= theirs.starts_with(name);
    if (!is_replaced) all.emplace_back(ours);
  }
  return all;
}

/// In the child, between fork and exec: nothing but system calls.
struct Child {
  char* const* command;
  char* const* environment;
  int out;
  int err;
  int network;
  pid_t parent;
};
[[noreturn]] void become(const Child& child) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != child.parent) ::_exit(kExitNotStarted);
  if (child.network >= 0 && ::setns(child.network, CLONE_NEWNET) != 0) ::_exit(kExitNotStarted);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(child.out, STDOUT_FILENO);
  ::dup2(child.err, STDERR_FILENO);
  ::execve(child.command[0], child.command, child.environment);
  ::_exit(kExitNotStarted);
}

ProcessEnd end_of(int status) {
  return WIFEXITED(status) ? ProcessEnd{.code = WEXITSTATUS(status)}
                           : ProcessEnd{.code = -1, .signal = WTERMSIG(status)};
}

int milliseconds_until(TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return left.count() < 0 ? 0 : static_cast<int>(left.count());
}

}  // namespace

Process::Process(std::vector<std::string> command, const std::vector<std::string>& environment,
                 int network) {
  start(command, environment, network);
  reader_ = Thread("process", [this] { take_in(); });
}

Process::~Process() {
  signal(SIGKILL);
  (void)await_end(60s);
  ::close(stop_[1]);
  reader_.join();
  for (const int descriptor : {pipes_[0], pipes_[1], stop_[0], pid_descriptor_}) ::close(descriptor);
}

void Process::start(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                    int network) {
  int out[2];
  int err[2];
  const bool has_pipes = ::pipe2(out, O_CLOEXEC) == 0 && ::pipe2(err, O_CLOEXEC) == 0 &&
                         ::pipe2(stop_, O_CLOEXEC) == 0;
  WEIR_CHECK(has_pipes, "the machine gives no pipe");
  const auto all = with_our_own(environment);
  const auto words = pointers_to(command);
  const auto lines = pointers_to(all);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  WEIR_CHECK(pid_ >= 0, "the machine gives no process");
  if (pid_ == 0) become({words.data(), lines.data(), out[1], err[1], network, parent});
  ::close(out[1]);
  ::close(err[1]);
  pipes_[0] = out[0];
  pipes_[1] = err[0];
  pid_descriptor_ = ::pidfd_open(pid_, 0);
  WEIR_CHECK(pid_descriptor_ >= 0, "the kernel knows no descriptors of processes");
}

void Process::take_in() {
  pollfd sources[] = {{pipes_[0], POLLIN, 0}, {pipes_[1], POLLIN, 0}, {stop_[0], POLLIN, 0}};
  while (sources[0].fd >= 0 || sources[1].fd >= 0) {
    if (::poll(sources, std::size(sources), -1) < 0 && errno != EINTR) return;
    for (const int index : {0, 1}) {
      if (sources[index].revents != 0 && !take_in_some(index)) sources[index].fd = -1;
    }
    if (sources[2].revents != 0) return;
  }
}

/// False at the stream's end.
bool Process::take_in_some(int index) {
  std::array<char, 64 << 10> bytes;
  const ssize_t count = ::read(pipes_[index], bytes.data(), bytes.size());
  const TimePoint now = std::chrono::steady_clock::now();
  const MutexLock lock(lock_);
  Written& written = streams_[index];
  if (count > 0) written.tail.append(bytes.data(), static_cast<std::size_t>(count));
  for (auto end = written.tail.find('\n'); end != std::string::npos; end = written.tail.find('\n')) {
    written.lines.push_back({written.tail.substr(0, end), now});
    written.tail.erase(0, end + 1);
  }
  written.is_over = count <= 0;
  written_.notify_all();
  return count > 0;
}

std::optional<ProcessLine> Process::await_line(std::string_view part, Duration patience, Stream stream) {
  const TimePoint deadline = std::chrono::steady_clock::now() + patience;
  const MutexLock lock(lock_);
  Written& written = streams_[static_cast<int>(stream)];
  while (true) {
    while (written.passed < written.lines.size()) {
      const ProcessLine& line = written.lines[written.passed++];
      if (line.text.find(part) != std::string::npos) return line;
    }
    if (written.is_over) return std::nullopt;
    if (!written_.wait_until(lock_, deadline) && written.passed == written.lines.size()) return std::nullopt;
  }
}

std::vector<ProcessLine> Process::lines_with(std::string_view part, Stream stream) const {
  const MutexLock lock(lock_);
  std::vector<ProcessLine> found;
  for (const ProcessLine& line : streams_[static_cast<int>(stream)].lines)
    if (line.text.find(part) != std::string::npos) found.push_back(line);
  return found;
}

std::string Process::text(Stream stream) const {
  const MutexLock lock(lock_);
  const Written& written = streams_[static_cast<int>(stream)];
  std::string all;
  for (const ProcessLine& line : written.lines) all += line.text + "\n";
  return all + written.tail;
}

void Process::signal(int number) {
  if (!end_) ::pidfd_send_signal(pid_descriptor_, number, nullptr, 0);
}

std::optional<ProcessEnd> Process::await_end(Duration patience) {
  const TimePoint deadline = std::chrono::steady_clock::now() + patience;
  while (!end_) {
    pollfd ended{pid_descriptor_, POLLIN, 0};
    const int ready = ::poll(&ended, 1, milliseconds_until(deadline));
    if (ready == 0) return std::nullopt;
    int status = 0;
    if (ready > 0 && ::waitpid(pid_, &status, 0) == pid_) end_ = end_of(status);
  }
  return end_;
}

ProcessUse Process::use() const { return end_ ? ProcessUse{} : use_of(pid_); }

Finished run_to_end(std::vector<std::string> command, Duration patience) {
  const std::string name = command.front();
  Process process(std::move(command));
  const auto end = process.await_end(patience);
  WEIR_CHECK(end.has_value(), name + " did not end; it said: " + process.text(Process::Stream::Err));
  // What it wrote last may still be in the pipes; a line that never comes waits for their ends.
  for (const auto stream : {Process::Stream::Out, Process::Stream::Err}) {
    while (process.await_line("", 10s, stream)) {}
  }
  return {*end, process.text(Process::Stream::Out), process.text(Process::Stream::Err)};
}

ProcessUse use_of(pid_t pid) {
  const std::filesystem::path folder = "/proc/" + std::to_string(pid);
  ProcessUse use;
  std::ifstream status(folder / "status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:" && status >> use.resident_bytes) use.resident_bytes *= 1024;
    if (word == "Threads:") status >> use.threads;
  }
  std::error_code gone;
  for (std::filesystem::directory_iterator at(folder / "fd", gone), end; !gone && at != end;
       at.increment(gone)) {
    ++use.descriptors;
  }
  return use;
}

}  // namespace weir::drill
