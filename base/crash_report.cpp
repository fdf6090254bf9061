// SPDX-License-Identifier: Apache-2.0
#include "base/crash_report.h"

#include <cxxabi.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

// All that runs after a signal may only use what is safe then: no memory, no locks, no stdio.
namespace weir::crash_report {

namespace {

constexpr std::size_t kStackBytes = 128 * 1024;
constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxCauseBytes = 1024;
constexpr std::size_t kFirstFrames = 48;
constexpr std::size_t kLastFrames = 16;             // of a stack that is deeper, as after an overflow
constexpr std::size_t kMaxFrames = 4'000'000;
constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// Written before there are other threads.
bool installed = false;
std::array<char, kMaxPathBytes> report_path{};

std::atomic<pid_t> reporter = 0;                // the thread that reports; the first crash is the one
std::array<char, kMaxCauseBytes> cause{};       // of a terminate(), by the thread that calls it
// Lies in every thread's own block from its start, so that a handler can look at it.
thread_local const Subject* current __attribute__((tls_model("initial-exec"))) = nullptr;

/// Text for one or two descriptors, put together in place.
class Text {
public:
  explicit Text(int first, int second) : descriptors_{first, second} {}
  ~Text() { flush(); }

  Text& operator<<(std::string_view text) {
    for (const char each : text) {
      if (used_ == bytes_.size()) flush();
      bytes_[used_++] = each;
    }
    return *this;
  }
  Text& operator<<(const char* text) { return *this << std::string_view(text); }
  Text& operator<<(std::uint64_t number) { return digits(number, 10); }
  Text& operator<<(const void* address) {
    std::uintptr_t number = 0;
    std::memcpy(&number, &address, sizeof number);
    *this << "0x";
    return digits(number, 16);
  }
  void backtrace(void* const* frames, std::size_t count) {
    flush();
    for (const int descriptor : descriptors_) {
      if (descriptor >= 0) ::backtrace_symbols_fd(frames, static_cast<int>(count), descriptor);
    }
  }
  void flush() {
    for (const int descriptor : descriptors_) {
      if (descriptor >= 0) (void)!::write(descriptor, bytes_.data(), used_);
    }
    used_ = 0;
  }

private:
  Text& digits(std::uint64_t number, unsigned base) {
    std::array<char, 20> reversed{};
    std::size_t count = 0;
    do reversed[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (count > 0) *this << std::string_view(&reversed[--count], 1);
    return *this;
  }

  std::array<int, 2> descriptors_;
  std::array<char, 512> bytes_{};
  std::size_t used_ = 0;
};

/// The calls that led to the crash, from the innermost outwards: the first ones, and the last ones.
struct Frames {
  explicit Frames(const void* crashed_at) : crashed_at(crashed_at) {
    (void)::_Unwind_Backtrace(&Frames::add, this);
    if (count > 0) return;
    crashed_at_seen = true;  // it is not among them: then the handler is shown, too
    (void)::_Unwind_Backtrace(&Frames::add, this);
  }

  static _Unwind_Reason_Code add(_Unwind_Context* frame, void* self) {
    auto& frames = *static_cast<Frames*>(self);
    auto* const at = to_pointer(::_Unwind_GetIP(frame));
    if (at == nullptr || frames.count == kMaxFrames) return _URC_END_OF_STACK;
    frames.crashed_at_seen = frames.crashed_at_seen || at == frames.crashed_at;
    if (!frames.crashed_at_seen) return _URC_NO_REASON;  // still in the handler
    if (frames.count < kFirstFrames) frames.first[frames.count] = at;
    else frames.last[(frames.count - kFirstFrames) % kLastFrames] = at;
    ++frames.count;
    frames.look_for(to_pointer(::_Unwind_GetRegionStart(frame)));
    return _URC_NO_REASON;
  }

  void look_for(const void* function) {
    if (who != nullptr || current == nullptr) return;
    for (const NamedCode& code : current->code) {
      if (code.begin != nullptr && code.begin == function) who = code.name;
    }
  }

  static void* to_pointer(std::uintptr_t address) {
    void* pointer = nullptr;
    std::memcpy(&pointer, &address, sizeof pointer);
    return pointer;
  }

  const void* const crashed_at;
  bool crashed_at_seen = false;
  std::size_t count = 0;
  std::array<void*, kFirstFrames> first{};
  std::array<void*, kLastFrames> last{};  // a ring
  const char* who = nullptr;              // of the subject's code
};

std::string_view name_of(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGABRT: return "SIGABRT";
    default: return "?";
  }
}

const void* place_of(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return Frames::to_pointer(static_cast<std::uintptr_t>(machine.gregs[REG_RIP]));
#elif defined(__aarch64__)
  return Frames::to_pointer(machine.pc);
#else
  return nullptr;
#endif
}

void write_backtrace(Text& text, const Frames& frames) {
  text << "backtrace:\n";
  text.backtrace(frames.first.data(), std::min(frames.count, kFirstFrames));
  if (frames.count <= kFirstFrames) return;
  const std::size_t more = frames.count - kFirstFrames;
  if (more > kLastFrames) text << "... " << more - kLastFrames << " calls ...\n";
  for (std::size_t i = more - std::min(more, kLastFrames); i < more; ++i)
    text.backtrace(&frames.last[i % kLastFrames], 1);
}

void write_report(Text text, int signal, const siginfo_t& about, const void* context) {
  std::array<char, 16> thread_name{};
  (void)::pthread_getname_np(::pthread_self(), thread_name.data(), thread_name.size());
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  text << "*** weir: this process crashed ***\ntime:      " << static_cast<std::uint64_t>(now.tv_sec)
       << " (seconds since 1970)\nprocess:   " << static_cast<std::uint64_t>(::getpid()) << ", thread "
       << static_cast<std::uint64_t>(::gettid()) << " \"" << thread_name.data() << "\"\nsignal:    "
       << static_cast<std::uint64_t>(signal) << " (" << name_of(signal) << ")";
  if (signal != SIGABRT) text << ", address " << about.si_addr;
  text << "\n";
  if (cause[0] != '\0') text << "cause:     " << cause.data() << "\n";
  if (current != nullptr) text << "running:   " << current->what << "\n";
  text.flush();  // should looking at the stack go wrong, so much is told

  const Frames frames(place_of(context));
  const char* who = frames.who != nullptr || current == nullptr ? frames.who : current->otherwise;
  if (who != nullptr) text << "operator:  " << who << "\n";
  write_backtrace(text, frames);
}

void on_signal(int signal, siginfo_t* about, void* context) {
  (void)::signal(signal, SIG_DFL);
  pid_t nobody = 0;
  const bool is_first = reporter.compare_exchange_strong(nobody, ::gettid());
  while (!is_first && nobody != ::gettid()) ::pause();  // another thread reports, and ends all of us
  if (is_first) {
    const int file = report_path[0] == '\0' ? -1
                                            : ::open(report_path.data(),
                                                     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    write_report(Text(STDERR_FILENO, file), signal, *about, context);
    if (file >= 0) (void)::close(file);
  }
  (void)::raise(signal);  // takes effect when this returns
}

/// Not in a signal handler: all is allowed.
[[noreturn]] void on_terminate() {
  std::string text = "std::terminate() was called";
  if (const std::type_info* type = abi::__cxa_current_exception_type()) {
    int status = 0;
    char* readable = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    text = std::string("nobody caught a ") + (status == 0 ? readable : type->name());
    std::free(readable);
    try {
      std::rethrow_exception(std::current_exception());
    } catch (const std::exception& error) {
      text += std::string(": ") + error.what();
    } catch (...) {
      text += ", which is no std::exception";
    }
  }
  text.copy(cause.data(), cause.size() - 1);
  std::abort();
}

void* map_stack() {
  void* memory = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  const stack_t stack{.ss_sp = memory, .ss_flags = 0, .ss_size = kStackBytes};
  (void)::sigaltstack(&stack, nullptr);
  return memory;
}

}  // namespace

Status install(const std::string& path) {
  if (path.size() >= kMaxPathBytes) {
    return Error{ErrorCode::BadArgument,
                 "the path of the crash report has " + std::to_string(path.size()) + " bytes"};
  }
  path.copy(report_path.data(), path.size());
  void* warm_up[1];
  (void)::backtrace(warm_up, 1);  // loads what it needs: later there may be no memory
  (void)map_stack();              // of this thread, for ever
  installed = true;
  std::set_terminate(&on_terminate);
  for (const int signal : kSignals) {
    struct sigaction action{};
    action.sa_sigaction = &on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)::sigaction(signal, &action, nullptr);
  }
  return Status::ok();
}

Scope::Scope(const Subject& subject) : outer_(std::exchange(current, &subject)) {}

Scope::~Scope() { current = outer_; }

ReportStack::ReportStack() {
  if (installed) memory_ = map_stack();
}

ReportStack::~ReportStack() {
  if (memory_ == nullptr) return;
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  (void)::sigaltstack(&none, nullptr);
  (void)::munmap(memory_, kStackBytes);
}

}  // namespace weir::crash_report
