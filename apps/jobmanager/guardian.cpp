// SPDX-License-Identifier: Apache-2.0
#include "apps/jobmanager/guardian.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "apps/jobmanager/guardian_policy.h"
#include "apps/node/exit_codes.h"
#include "base/log.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "Guardian";
constexpr const char* kPipeVariable = "WEIR_GUARDIAN_PIPE";
constexpr Duration kEndPatience = 5s;    // to reach ZooKeeper
constexpr Duration kLookInterval = 10s;  // into the pipe, so that it never runs full
constexpr int kNotStarted = 127;         // as shells report it

/// What goes through the pipe: short enough to go through as one.
struct SessionRecord {
  std::int64_t id = 0;
  std::int64_t timeout_ns = 0;
  std::array<char, 16> password{};
};

SessionRecord record_of(const ZkSession& session) {
  SessionRecord record{.id = session.id, .timeout_ns = session.timeout.count()};
  session.password.copy(record.password.data(), record.password.size());
  return record;
}

ZkSession session_of(const SessionRecord& record) {
  return {.id = record.id,
          .password = std::string(record.password.data(), record.password.size()),
          .timeout = Duration(record.timeout_ns)};
}

/// The words with which this process was started, with its file in the place of the first.
std::vector<std::string> own_command_line() {
  std::vector<std::string> words;
  const int file = ::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  std::string all;
  std::array<char, 4096> bytes;
  for (ssize_t count = ::read(file, bytes.data(), bytes.size()); count > 0;
       count = ::read(file, bytes.data(), bytes.size()))
    all.append(bytes.data(), static_cast<std::size_t>(count));
  ::close(file);
  for (std::size_t at = 0; at < all.size(); at = all.find('\0', at) + 1) words.emplace_back(all.c_str() + at);
  return words;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&signals, signal);
  return signals;
}

/// The next signal, or 0 when `limit` is over.
int await_signal(Duration limit) {
  const sigset_t signals = awaited_signals();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  const timespec until{.tv_sec = seconds.count(), .tv_nsec = (limit - seconds).count()};
  const int signal = ::sigtimedwait(&signals, nullptr, &until);
  return signal > 0 ? signal : 0;
}

/// One life of the JobManager.
class Ward {
public:
  Ward() = default;
  ~Ward() { ::close(pipe_); }
  Ward(const Ward&) = delete;
  Ward& operator=(const Ward&) = delete;

  [[nodiscard]] bool start();
  /// Returns when it is dead and was buried: nobody can be mistaken for it.
  [[nodiscard]] GuardianPolicy::End await_end();
  [[nodiscard]] const std::optional<ZkSession>& session() const { return session_; }
  /// How a guardian ends that ends with it.
  [[nodiscard]] int exit_code() const {
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

private:
  [[noreturn]] static void become(int pipe, pid_t guardian);
  [[nodiscard]] bool has_ended();
  void look_into_pipe();

  pid_t child_ = -1;
  int pipe_ = -1;
  int status_ = 0;
  std::optional<ZkSession> session_;  // the latest
};

bool Ward::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  pipe_ = ends[0];
  const pid_t guardian = ::getpid();
  child_ = ::fork();
  if (child_ == 0) become(ends[1], guardian);
  ::close(ends[1]);
  return child_ > 0;
}

void Ward::become(int pipe, pid_t guardian) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != guardian) ::_exit(kNotStarted);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::fcntl(pipe, F_SETFD, 0);
  ::setenv(kPipeVariable, std::to_string(pipe).c_str(), 1);
  auto words = own_command_line();
  ::execv("/proc/self/exe", pointers_to(words).data());
  ::_exit(kNotStarted);
}

bool Ward::has_ended() { return ::waitpid(child_, &status_, WNOHANG) == child_; }

GuardianPolicy::End Ward::await_end() {
  const TimePoint started = std::chrono::steady_clock::now();
  bool was_told = false;
  while (!has_ended()) {
    const int signal = await_signal(kLookInterval);
    if (signal == SIGTERM || signal == SIGINT) {
      was_told = true;
      ::kill(child_, signal);
    }
    look_into_pipe();
  }
  look_into_pipe();
  return {.code = WIFEXITED(status_) ? std::optional(WEXITSTATUS(status_)) : std::nullopt,
          .lived = std::chrono::steady_clock::now() - started,
          .had_session = session_.has_value(),
          .was_told = was_told};
}

void Ward::look_into_pipe() {
  SessionRecord record;
  while (::read(pipe_, &record, sizeof record) == sizeof record) session_ = session_of(record);
}

void end_session_of(const Ward& dead, const ZooKeeperOptions& zookeeper) {
  if (!dead.session()) return;
  const Status ended = ZkClient::end_session(zookeeper.hosts, *dead.session(), kEndPatience);
  if (!ended) log::warn(kLogger, ended.error().what + ": the session ends by its time-out");
}

/// False: told to end meanwhile.
bool pause_for(Duration length) {
  const TimePoint over = std::chrono::steady_clock::now() + length;
  for (auto left = length; left > Duration::zero(); left = over - std::chrono::steady_clock::now()) {
    const int signal = await_signal(left);
    if (signal == SIGTERM || signal == SIGINT) return false;
  }
  return true;
}

}  // namespace

int run_guarded(const ZooKeeperOptions& zookeeper) {
  const sigset_t signals = awaited_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  GuardianPolicy policy;
  while (true) {
    Ward ward;
    if (!ward.start()) {
      log::error(kLogger, std::string("cannot start the JobManager: ") + std::strerror(errno));
      return kExitNotStarted;
    }
    const auto end = ward.await_end();
    const bool is_clean = end.code == kExitOk;  // then it ended its session itself
    if (!is_clean) end_session_of(ward, zookeeper);
    const auto decision = policy.on_end(end);
    if (!decision.restart_after) return ward.exit_code();
    log::error(kLogger, "The JobManager ended by " +
                            (end.code ? "exit code " + std::to_string(*end.code)
                                      : "signal " + std::to_string(ward.exit_code() - 128)) +
                            "; it is started again");
    if (!pause_for(*decision.restart_after)) return kExitOk;
  }
}

std::function<void(const ZkSession&)> guardian_of_this_process() {
  const char* text = std::getenv(kPipeVariable);
  if (text == nullptr) return nullptr;
  int pipe = -1;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), pipe);
  if (error != std::errc() || *end != '\0' || ::fcntl(pipe, F_SETFD, FD_CLOEXEC) != 0) return nullptr;
  return [pipe](const ZkSession& session) {
    const SessionRecord record = record_of(session);
    if (::write(pipe, &record, sizeof record) != sizeof record)
      log::warn(kLogger, "the guardian could not be told of a session");
  };
}

}  // namespace weir
